import type { KeyboardEvent } from "react";
import { useId, useRef } from "react";
import { Icon } from "./icon.tsx";
import { IconButton } from "./icon-button.tsx";

interface PersonMenuProps {
  readonly name: string;
  readonly onKick: () => void;
  readonly onBan: () => void;
}

/** The actions of an admin on a user, in a popover of the browser, which Escape or a click elsewhere closes. */
export function PersonMenu({ name, onKick, onBan }: PersonMenuProps) {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const choose = (action: () => void) => () => {
    // The popover closes first, so that a dialog later restores the focus to the button.
    menu.current?.hidePopover();
    action();
  };
  return (
    <>
      <IconButton icon="more" label={`Actions for ${name}`} aria-haspopup="menu" popoverTarget={id} />
      <div
        ref={menu}
        id={id}
        className="menu"
        role="menu"
        aria-label={name}
        popover="auto"
        onToggle={({ newState }) => newState === "open" && itemsOf(menu.current)[0]?.focus()}
        onKeyDown={(event) => move(event, menu.current)}
      >
        <button type="button" role="menuitem" tabIndex={-1} onClick={choose(onKick)}>
          <Icon name="plug" />
          Kick
        </button>
        <button type="button" role="menuitem" tabIndex={-1} className="bad" onClick={choose(onBan)}>
          <Icon name="ban" />
          Ban…
        </button>
      </div>
    </>
  );
}

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
}

function move(event: KeyboardEvent, menu: HTMLElement | null): void {
  // The Tab key moves the focus on from the button of the menu.
  if (event.key === "Tab") menu?.hidePopover();
  const items = itemsOf(menu);
  const at = items.findIndex((item) => item === document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items.at(next % items.length)?.focus();
}
