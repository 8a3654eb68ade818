import { useClient, useConnection, usePresence } from "../chat/halyard.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { Icon } from "./icon.tsx";
import { IconButton } from "./icon-button.tsx";
import type { Overlay } from "./overlay.ts";

interface RoomHeaderProps {
  readonly name: string;
  /** The number of unread messages in all rooms. */
  readonly unread: number;
  readonly canAnnounce: boolean;
  readonly hasRooms: boolean;
  readonly hasPeople: boolean;
  readonly onOpen: (overlay: Overlay) => void;
}

export function RoomHeader({ name, unread, canAnnounce, hasRooms, hasPeople, onOpen }: RoomHeaderProps) {
  return (
    <header className="room-header">
      {!hasRooms && <RoomsButton unread={unread} onClick={() => onOpen("rooms")} />}
      <h1 data-testid="room-title">
        <Icon name="hash" />
        <span>{name}</span>
      </h1>
      <ConnectionBadge />
      <div className="room-tools">
        <CutButton />
        {canAnnounce && (
          <IconButton
            icon="megaphone"
            label="Announce"
            title="Announce to everyone"
            onClick={() => onOpen("announce")}
          />
        )}
        {!hasPeople && <PeopleButton onClick={() => onOpen("people")} />}
      </div>
    </header>
  );
}

function CutButton() {
  const client = useClient();
  const isOpen = useConnection(({ status }) => status === "open");
  return (
    <button
      type="button"
      className="button small cut"
      title="The server closes this connection. No message is lost."
      // Not `disabled`, so that the button keeps the focus while it is busy.
      aria-disabled={!isOpen}
      aria-label="Cut the connection"
      data-testid="cut"
      onClick={() => isOpen && client.send("cut_connection")}
    >
      <Icon name="plug" />
      <span className="cut-label">Cut the connection</span>
    </button>
  );
}

function RoomsButton({ unread, onClick }: { readonly unread: number; readonly onClick: () => void }) {
  return (
    <IconButton icon="menu" label={unread > 0 ? `Rooms, ${unread} unread` : "Rooms"} onClick={onClick}>
      {unread > 0 && <span className="dot" />}
    </IconButton>
  );
}

function PeopleButton({ onClick }: { readonly onClick: () => void }) {
  const length = usePresence(undefined, { select: (users) => users.length });
  return (
    <IconButton
      icon="people"
      label={`Users, ${length} online`}
      hasCount
      onClick={onClick}
      data-testid="people"
    >
      <span aria-hidden="true">{length}</span>
    </IconButton>
  );
}
