export function RecordingPage({ recording }: { recording: string }) {
  return <main id="main">{recording}</main>;
}
