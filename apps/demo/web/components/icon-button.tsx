import type { ComponentProps } from "react";
import type { IconName } from "./icon.tsx";
import { Icon } from "./icon.tsx";

interface IconButtonProps extends Omit<ComponentProps<"button">, "type" | "className" | "aria-label"> {
  readonly icon: IconName;
  /** The name of the button. */
  readonly label: string;
  /** Whether its children are a count beside the icon. @default false */
  readonly hasCount?: boolean;
}

/** A button with an icon in place of a text. */
export function IconButton({ icon, label, hasCount = false, children, ...props }: IconButtonProps) {
  return (
    <button
      {...props}
      type="button"
      className={hasCount ? "icon-button with-count" : "icon-button"}
      aria-label={label}
    >
      <Icon name={icon} />
      {children}
    </button>
  );
}
