export function RecordingsPage() {
  return <main id="main" />;
}
