import { Icon } from "../../components/icon.tsx";
import { IconButton } from "../../components/icon-button.tsx";
import { useStore } from "./use-store.ts";
import { useConnection } from "../halyard.ts";
import type { Companion } from "../model/companion.ts";
import type { Stage } from "../model/stage.ts";
import type { PaneSession } from "../model/pane-session.ts";

interface PaneHeaderProps {
  readonly stage: Stage;
  readonly pane: PaneSession;
  readonly talk: Companion | undefined;
}

/** The guest of a pane, the state of its connection, and its plug. */
export function PaneHeader({ stage, pane, talk }: PaneHeaderProps) {
  const isPlugged = useStore(pane.isPlugged);
  const isOver = useStore(stage.isOver);
  // A trouble moves the plug itself, and counts on a pane that nothing else disconnects.
  const isLocked = useStore(stage.trouble) !== undefined || isOver;
  return (
    <header className="pane-header">
      <span className="avatar" data-hue={talk ? 2 : 0} aria-hidden="true">
        {talk ? "G" : "Y"}
      </span>
      <div className="pane-who">
        <h2>{talk ? "Grace" : "You"}</h2>
        <PaneState isPlugged={isPlugged} />
      </div>
      {talk && <TalkButton talk={talk} />}
      <button
        type="button"
        className="button small plug"
        data-unplugged={!isPlugged}
        data-testid={`plug-${pane.guest}`}
        // Not `disabled`, so that the button keeps the focus.
        aria-disabled={isLocked}
        onClick={() => {
          if (!isLocked) pane.togglePlug();
        }}
      >
        <Icon name="plug" />
        <span>
          {isPlugged ? "Unplug" : "Plug in"}
          <span className="sr-only"> {talk ? "Grace" : "yourself"}</span>
        </span>
      </button>
    </header>
  );
}

function PaneState({ isPlugged }: { readonly isPlugged: boolean }) {
  const status = useConnection((state) => state.status);
  return (
    <p className="pane-state" data-status={status} data-testid="pane-state">
      <span className="pane-light" aria-hidden="true" />
      {isPlugged ? STATUS[status] : "Unplugged"}
    </p>
  );
}

const STATUS = {
  connecting: "Connecting …",
  open: "Online",
  waiting: "Reconnecting …",
  authRequired: "Signed out",
  closed: "Disconnected",
} as const;

/** The button that stops the lines and the cursor of the companion, and starts them again. */
export function TalkButton({ talk }: { readonly talk: Companion }) {
  const isTalking = useStore(talk.isTalking);
  const label = isTalking ? "Let Grace pause" : "Let Grace talk on";
  return (
    <IconButton
      icon={isTalking ? "pause" : "play"}
      label={label}
      title={label}
      onClick={() => talk.toggle()}
    />
  );
}
