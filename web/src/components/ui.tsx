/** Small building blocks over React Aria Components, in the product's own clothes. */
import type { ReactNode } from "react";
import {
  Button as AriaButton,
  Dialog as AriaDialog,
  Heading,
  Modal,
  ModalOverlay,
  Tooltip as AriaTooltip,
  TooltipTrigger,
  type ButtonProps as AriaButtonProps,
} from "react-aria-components";
import { X } from "lucide-react";
import { useWords } from "../i18n/language";

type Look = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children"> {
  look?: Look;
  small?: boolean;
  className?: string;
  children?: ReactNode;
}

export function Button({ look = "plain", small = false, className = "", ...props }: ButtonProps) {
  return <AriaButton {...props} className={`button ${look} ${small ? "small" : ""} ${className}`} />;
}

interface IconButtonProps extends Omit<ButtonProps, "aria-label"> {
  label: string;
  /** When the name alone does not explain enough. */
  tip?: string;
  keys?: string;
}

/** A button that shows only an icon: its name is read aloud and shown on hover and focus. */
export function IconButton({ label, tip, keys, children, className = "", ...props }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={80}>
      <Button look="quiet" {...props} aria-label={label} className={`icon-button ${className}`}>
        {children}
      </Button>
      <Tip>
        {tip ?? label}
        {keys && <kbd>{keys}</kbd>}
      </Tip>
    </TooltipTrigger>
  );
}

export function Tip({ children }: { children: ReactNode }) {
  return (
    <AriaTooltip className="tip" offset={8}>
      {children}
    </AriaTooltip>
  );
}

interface DialogProps {
  open: boolean;
  onClose(): void;
  title: string;
  children: ReactNode;
  role?: "dialog" | "alertdialog";
  wide?: boolean;
  /** Neither Escape nor a cross closes it: one of its buttons must be pressed. */
  binding?: boolean;
}

export function Dialog({ open, onClose, title, children, role = "dialog", wide = false, binding = false }: DialogProps) {
  const words = useWords();
  return (
    <ModalOverlay
      className="overlay"
      isOpen={open}
      onOpenChange={(next) => !next && onClose()}
      isDismissable={role === "dialog" && !binding}
      isKeyboardDismissDisabled={binding}
    >
      <Modal className={`modal ${wide ? "wide" : ""}`}>
        <AriaDialog role={role} className="dialog">
          <header className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {role === "dialog" && !binding && (
              <Button look="quiet" className="icon-button" aria-label={words.app.close} onPress={onClose}>
                <X aria-hidden />
              </Button>
            )}
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface ConfirmProps {
  open: boolean;
  title: string;
  hint: string;
  action: string;
  onConfirm(): void;
  onClose(): void;
}

export function Confirm({ open, title, hint, action, onConfirm, onClose }: ConfirmProps) {
  const words = useWords();
  return (
    <Dialog open={open} onClose={onClose} title={title} role="alertdialog">
      <p className="soft">{hint}</p>
      <div className="dialog-actions">
        <Button autoFocus onPress={onClose}>
          {words.app.cancel}
        </Button>
        <Button
          look="danger"
          onPress={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </Button>
      </div>
    </Dialog>
  );
}

/** Initials on a colour of the person's own. Decoration: the name stands beside it. */
export function Avatar({ name, id, large = false }: { name: string; id: string; large?: boolean }) {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) | 0;
  const parts = name.trim().split(/\s+/);
  const initials = ((parts.length > 1 ? parts[0]?.[0] : "") ?? "") + (parts.at(-1)?.[0] ?? "");
  return (
    <span aria-hidden className={`avatar hue-${Math.abs(hash) % 8} ${large ? "large" : ""}`}>
      {initials.toUpperCase()}
    </span>
  );
}

export function Spinner() {
  return <span className="spinner" aria-hidden />;
}

/** What a page says until its data is there. */
export function Loading() {
  const words = useWords();
  return (
    <p role="status" className="loading">
      <Spinner /> {words.app.loading}
    </p>
  );
}

/** A whole page that says one thing and what to do next. */
export function Statement({ title, hint, children, icon }: { title: string; hint?: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <main id="main" className="statement">
      {icon && <div className="statement-icon">{icon}</div>}
      <h1>{title}</h1>
      {hint && <p className="soft">{hint}</p>}
      {children && <div className="actions">{children}</div>}
    </main>
  );
}
