import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { Icon } from "./icon.tsx";
import type { Overlay } from "./overlay.ts";

interface RoomHeaderProps {
  readonly name: string;
  readonly canAnnounce: boolean;
  readonly hasRooms: boolean;
  readonly hasPeople: boolean;
  readonly onOpen: (overlay: Overlay) => void;
}

export function RoomHeader({ name, canAnnounce, hasRooms, hasPeople, onOpen }: RoomHeaderProps) {
  return (
    <header className="room-header">
      {!hasRooms && <RoomsButton onClick={() => onOpen("rooms")} />}
      <h1 data-testid="room-title">
        <Icon name="hash" />
        <span>{name}</span>
      </h1>
      <ConnectionBadge />
      <div className="room-tools">
        <CutButton />
        {canAnnounce && (
          <button
            type="button"
            className="icon-button"
            aria-label="Announce"
            title="Announce to everyone"
            onClick={() => onOpen("announce")}
          >
            <Icon name="megaphone" />
          </button>
        )}
        {!hasPeople && <PeopleButton onClick={() => onOpen("people")} />}
      </div>
    </header>
  );
}

function CutButton() {
  const chat = useChat();
  const isOpen = useStore(chat.connection).status === "open";
  return (
    <button
      type="button"
      className="button small cut"
      title="The server drops this connection. Go on typing: nothing is lost."
      // Disabled in words only: a button that lost the focus while it works would throw the keyboard back to the top.
      aria-disabled={!isOpen}
      aria-label="Cut the connection"
      data-testid="cut"
      onClick={() => isOpen && chat.cut()}
    >
      <Icon name="plug" />
      <span className="cut-label">Cut the connection</span>
    </button>
  );
}

function RoomsButton({ onClick }: { readonly onClick: () => void }) {
  const unread = useStore(useChat().unread);
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={unread > 0 ? `Rooms, ${unread} unread` : "Rooms"}
      onClick={onClick}
    >
      <Icon name="menu" />
      {unread > 0 && <span className="dot" />}
    </button>
  );
}

function PeopleButton({ onClick }: { readonly onClick: () => void }) {
  const { length } = useStore(useChat().users);
  return (
    <button
      type="button"
      className="icon-button with-count"
      aria-label={`People, ${length} online`}
      onClick={onClick}
      data-testid="people"
    >
      <Icon name="people" />
      <span aria-hidden="true">{length}</span>
    </button>
  );
}
