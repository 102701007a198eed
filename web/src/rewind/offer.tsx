/** Who came late is offered what was missed. */
import { History, X } from "lucide-react";
import { Button, IconButton } from "../components/ui";
import { useWords } from "../i18n/language";

export function RewindOffer({ missedMs, onWatch, onDismiss }: { missedMs: number; onWatch(): void; onDismiss(): void }) {
  const words = useWords();
  return (
    <div role="status" className="toast rewind-offer">
      <History aria-hidden />
      <span>{words.rewind.offer(Math.max(1, Math.round(missedMs / 60_000)))}</span>
      <Button small look="primary" onPress={onWatch}>
        {words.rewind.watch}
      </Button>
      <IconButton label={words.room.hideNote} onPress={onDismiss}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}
