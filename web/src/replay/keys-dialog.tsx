import { KeyList } from "../components/key-list";
import { Dialog } from "../components/ui";
import { useWords } from "../i18n/language";

export function KeysDialog({ open, onClose }: { open: boolean; onClose(): void }) {
  const { replay } = useWords();
  const { keys } = replay;
  const rows: [string[], string][] = [
    [[keys.space, "K"], keys.play],
    [["←", "→"], keys.five],
    [["J", "L"], keys.ten],
    [["<", ">"], keys.speed],
    [["M"], keys.mute],
    [["F"], keys.full],
    [["C"], keys.captions],
    [["/"], keys.search],
    [["?"], keys.list],
  ];
  return (
    <Dialog open={open} onClose={onClose} title={replay.keysTitle}>
      <KeyList rows={rows} />
    </Dialog>
  );
}
