import { useId, useState } from "react";
import type { ReactNode } from "react";
import { Icon } from "./icon.tsx";

interface DisclosureProps {
  readonly label: ReactNode;
  /** The classes of the button and of the content. */
  readonly className: string;
  readonly contentClass?: string;
  readonly testId: string;
  readonly children: ReactNode;
}

/** A button that shows and hides the content after it. */
export function Disclosure({ label, className, contentClass, testId, children }: DisclosureProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className={className}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
        data-testid={testId}
      >
        {label}
        <Icon name="chevron" />
      </button>
      <div id={id} className={contentClass} hidden={!isOpen}>
        {isOpen && children}
      </div>
    </>
  );
}
