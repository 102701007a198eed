import { useWords } from "../i18n/language";
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
      <dl className="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="soft">{help.note}</p>
    </Dialog>
  );
}
