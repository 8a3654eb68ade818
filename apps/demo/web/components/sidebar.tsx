import type { Account } from "../chat/account.ts";
import type { ChatRoom } from "../chat/read-state.ts";
import { unreadOf } from "../chat/read-state.ts";
import { authClient } from "../lib/auth-client.ts";
import { useToasts } from "../lib/toasts.ts";
import { Avatar } from "./avatar.tsx";
import { ClusterPanel } from "./cluster-panel.tsx";
import { Icon } from "./icon.tsx";
import { IconButton } from "./icon-button.tsx";
import { Logo } from "./logo.tsx";
import { ThemeToggle } from "./theme-toggle.tsx";

interface SidebarProps {
  readonly account: Account;
  readonly rooms: readonly ChatRoom[];
  readonly active: string;
  readonly onNavigate: () => void;
  readonly onCreate: () => void;
}

export function Sidebar({ account, rooms, active, onNavigate, onCreate }: SidebarProps) {
  return (
    <div className="sidebar">
      <p className="brand">
        <Logo size={30} />
        Halyard
      </p>
      <nav aria-label="Rooms">
        <div className="sidebar-heading">
          <h2>Rooms</h2>
          <IconButton
            icon="plus"
            label="New room"
            title="New room"
            onClick={onCreate}
            data-testid="new-room"
          />
        </div>
        <ul className="rooms">
          {rooms.map((room) => (
            <RoomLink key={room.name} room={room} isActive={room.name === active} onNavigate={onNavigate} />
          ))}
        </ul>
      </nav>
      <div>
        <ClusterPanel />
        <Me account={account} />
      </div>
    </div>
  );
}

interface RoomLinkProps {
  readonly room: ChatRoom;
  readonly isActive: boolean;
  readonly onNavigate: () => void;
}

function RoomLink({ room, isActive, onNavigate }: RoomLinkProps) {
  const unread = unreadOf(room);
  return (
    <li>
      <a
        className="room-link"
        href={`#${room.name}`}
        aria-current={isActive ? "page" : undefined}
        data-unread={unread > 0 || undefined}
        data-testid={`room-${room.name}`}
        onClick={onNavigate}
      >
        <Icon name="hash" />
        <span className="room-name" title={room.name}>
          {room.name}
        </span>
        {unread > 0 && (
          <span className="badge" data-testid={`unread-${room.name}`}>
            {unread > 99 ? "99+" : unread}
            <span className="sr-only"> unread</span>
          </span>
        )}
      </a>
    </li>
  );
}

function Me({ account }: { readonly account: Account }) {
  const toasts = useToasts();
  const signOut = async () => {
    const { error } = await authClient.signOut().catch((failure: unknown) => ({ error: failure }));
    if (error) toasts.show("The sign-out has failed. Please try again.");
  };
  return (
    <div className="me">
      <Avatar userId={account.userId} name={account.name} />
      <p className="me-name">
        <strong data-testid="my-name" dir="auto">
          {account.name}
        </strong>
        <small>{roleText(account)}</small>
      </p>
      <ThemeToggle />
      <IconButton icon="signOut" label="Sign out" title="Sign out" onClick={() => void signOut()} />
    </div>
  );
}

function roleText({ isAdmin, isGuest }: Account): string {
  if (isAdmin) return "Admin";
  return isGuest ? "Guest" : "Member";
}
