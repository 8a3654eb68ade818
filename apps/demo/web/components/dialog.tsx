import type { ReactNode } from "react";
import { useId, useLayoutEffect, useRef } from "react";
import { IconButton } from "./icon-button.tsx";

interface DialogProps {
  readonly title: string;
  readonly kind: "card" | "drawer-left" | "drawer-right";
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The browser's own modal: it traps the focus, closes on Escape and hands the focus back. */
export function Dialog({ title, kind, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // A layout effect, because its cleanup runs while the element is still there to give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // A form begins at its first field, a question at the answer that it names; the browser would begin at the button
    // that closes it.
    dialog?.querySelector<HTMLElement>("input, textarea, [data-first]")?.focus();
    return () => dialog?.close();
  }, []);

  return (
    <dialog
      ref={ref}
      className={`dialog ${kind}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        // The backdrop belongs to the dialog element itself; everything visible is inside its panel.
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-panel">
        <header className="dialog-header">
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
