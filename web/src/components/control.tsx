/** One button of the bar of controls, and the menu that takes what has no room on a phone. */
import { useState, type ReactNode } from "react";
import { Ellipsis, type LucideIcon } from "lucide-react";
import { Dialog, DialogTrigger, Popover, TooltipTrigger } from "react-aria-components";
import { useWords } from "../i18n/language";
import { Button, Tip } from "./ui";

interface ControlProps {
  icon: LucideIcon;
  /** The accessible name, shown as a tip: what a press does. */
  label: string;
  /** The word under the icon on wide windows. */
  short: string;
  keys?: string;
  state?: "on" | "alert" | "raised";
  /** Stays reachable and says why it does nothing. */
  why?: string | null;
  badge?: number;
  badgeLabel?: string;
  expanded?: boolean;
  busy?: boolean;
  className?: string;
  onPress(): void;
}

export function Control(props: ControlProps) {
  const { icon: Icon, label, short, keys, state, why, badge, badgeLabel, expanded, busy, className = "", onPress } = props;
  const [told, setTold] = useState(false);
  return (
    <TooltipTrigger delay={400} closeDelay={80} isOpen={told || undefined} onOpenChange={(open) => !open && setTold(false)}>
      <Button
        look="quiet"
        className={`control ${state ?? ""} ${busy ? "busy" : ""} ${className}`}
        aria-label={label}
        aria-disabled={why ? "true" : undefined}
        aria-expanded={expanded}
        onPress={() => (why ? setTold(true) : onPress())}
      >
        <Icon aria-hidden />
        <span aria-hidden className="control-word">
          {short}
        </span>
        {badge ? (
          <span className="count-badge">
            <span aria-hidden>{badge > 99 ? "99+" : badge}</span>
            <span className="unseen">{badgeLabel}</span>
          </span>
        ) : null}
      </Button>
      <Tip>
        {why ?? label}
        {keys && !why && <kbd>{keys}</kbd>}
      </Tip>
    </TooltipTrigger>
  );
}

export interface MoreItem {
  icon: LucideIcon;
  label: string;
  danger?: boolean;
  /** Shown instead of doing it. */
  why?: string | null;
  onPress(): void;
}

/** `children`: switches below the items. Choosing an item closes the menu. */
export function MoreControls({ items, children }: { items: readonly MoreItem[]; children?: ReactNode }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  return (
    <DialogTrigger isOpen={open} onOpenChange={setOpen}>
      <Button look="quiet" className="control" aria-label={words.room.more}>
        <Ellipsis aria-hidden />
      </Button>
      <Popover className="popover" placement="top end">
        <Dialog className="more" aria-label={words.room.more}>
          {items.map(({ icon: Icon, label, danger, why, onPress }) => (
            <Button
              key={label}
              look="quiet"
              className={danger ? "more-item end-lesson" : "more-item"}
              aria-label={label}
              aria-disabled={why ? "true" : undefined}
              onPress={() => {
                if (why) return;
                setOpen(false);
                onPress();
              }}
            >
              <Icon aria-hidden />
              <span>
                {label}
                {why && <small className="soft">{why}</small>}
              </span>
            </Button>
          ))}
          {children && <div className="more-switches">{children}</div>}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
