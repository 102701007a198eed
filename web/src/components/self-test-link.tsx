import { useWords } from "../i18n/language";

/** From within a lesson: in a tab of its own, so that nobody loses the place in the queue or the lesson. */
export function SelfTestLink({ className }: { className?: string }) {
  const words = useWords();
  return (
    <a className={className} href="/self-test" target="_blank" rel="noreferrer">
      {words.selfTest.title}
    </a>
  );
}
