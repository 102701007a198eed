import { useWords } from "../i18n/language";
import { KeyList } from "./key-list";
import { Dialog } from "./ui";

export function HelpDialog({ open, hosts, onClose }: { open: boolean; hosts: boolean; onClose(): void }) {
  const { help } = useWords();
  const keys: [string[], string][] = [
    [["Ctrl", "D"], help.mic],
    [["Ctrl", "E"], help.cam],
    [[help.space], help.talk],
    ...(hosts ? [[["Ctrl", "B"], help.chapter] satisfies [string[], string]] : []),
    [["+", "−"], help.zoom],
    [["0"], help.reset],
    [["?"], help.list],
  ];
  return (
    <Dialog open={open} onClose={onClose} title={help.title}>
      <KeyList rows={keys} />
      <p className="soft">{help.note}</p>
    </Dialog>
  );
}
