export function AttendancePage({ lesson }: { lesson: string }) {
  return <main id="main">{lesson}</main>;
}
