import type { ReactNode } from "react";
import { useEffect, useState } from "react";
import type { Account } from "../chat/account.ts";
import { unreadOf } from "../chat/read-state.ts";
import type { Bans } from "../chat/use-bans.ts";
import { useBans } from "../chat/use-bans.ts";
import type { Rooms } from "../chat/use-rooms.ts";
import { useRooms } from "../chat/use-rooms.ts";
import { useActiveRoom } from "../hooks/use-active-room.ts";
import { useMediaQuery } from "../hooks/use-media-query.ts";
import { usePageTitle } from "../hooks/use-page-title.ts";
import { AnnounceDialog } from "./announce-dialog.tsx";
import { Announcements } from "./announcements.tsx";
import { BanDialog } from "./ban-dialog.tsx";
import { CreateRoomDialog } from "./create-room-dialog.tsx";
import { Dialog } from "./dialog.tsx";
import { KickedDialog } from "./kicked-dialog.tsx";
import { LiveRegion } from "./live-region.tsx";
import type { Overlay } from "./overlay.ts";
import { People } from "./people.tsx";
import { RoomHeader } from "./room-header.tsx";
import { Sidebar } from "./sidebar.tsx";
import { VisitedRooms } from "./visited-rooms.tsx";

/** The layout: rooms on the left, users on the right, the room between them. On a phone both sides are drawers. */
export function Shell({ account }: { readonly account: Account }) {
  const list = useRooms(account.userId);
  const { rooms, dispatch } = list;
  const active = useActiveRoom();
  const hasRooms = useMediaQuery("(min-width: 47.5rem)");
  const hasPeople = useMediaQuery("(min-width: 67.5rem)");
  const [overlay, setOverlay] = useOverlay(hasRooms, hasPeople);
  const bans = useBans();
  const close = () => setOverlay(undefined);
  const unread = rooms.reduce((sum, room) => sum + unreadOf(room), 0);
  usePageTitle(`#${active}`, unread);

  const sidebar = (
    <Sidebar
      account={account}
      rooms={rooms}
      active={active}
      onNavigate={close}
      onCreate={() => setOverlay("create-room")}
    />
  );
  const people = (
    <People selfId={account.userId} bans={account.isAdmin ? bans : undefined} onBan={setOverlay} />
  );
  return (
    <div className="shell">
      {hasRooms && (
        <aside className="side" aria-label="Rooms and account">
          {sidebar}
        </aside>
      )}
      <main className="main" aria-label={`Room ${active}`}>
        <RoomHeader
          name={active}
          unread={unread}
          canAnnounce={account.isAdmin}
          onOpen={setOverlay}
          hasRooms={hasRooms}
          hasPeople={hasPeople}
        />
        <Announcements />
        <VisitedRooms account={account} active={active} list={list} />
      </main>
      {hasPeople && (
        <aside className="people-side" aria-label="Users">
          {people}
        </aside>
      )}
      <OpenOverlay
        overlay={overlay}
        drawers={{ rooms: sidebar, people }}
        bans={bans}
        dispatch={dispatch}
        onClose={close}
      />
      <KickedDialog />
      <LiveRegion userId={account.userId} />
    </div>
  );
}

interface OpenOverlayProps {
  readonly overlay: Overlay | undefined;
  /** The panels beside the room on a wide screen. */
  readonly drawers: { readonly rooms: ReactNode; readonly people: ReactNode };
  readonly bans: Bans;
  readonly dispatch: Rooms["dispatch"];
  readonly onClose: () => void;
}

function OpenOverlay({ overlay, drawers, bans, dispatch, onClose }: OpenOverlayProps) {
  switch (overlay) {
    case undefined:
      return null;
    case "rooms":
      return (
        <Dialog title="Rooms" kind="drawer-left" onClose={onClose}>
          {drawers.rooms}
        </Dialog>
      );
    case "people":
      return (
        <Dialog title="Users" kind="drawer-right" onClose={onClose}>
          {drawers.people}
        </Dialog>
      );
    case "create-room":
      return <CreateRoomDialog onCreated={(room) => dispatch({ type: "created", room })} onClose={onClose} />;
    case "announce":
      return <AnnounceDialog onClose={onClose} />;
    default:
      return <BanDialog person={overlay} bans={bans} onClose={onClose} />;
  }
}

/** The open overlay. A drawer closes on a wide screen, which shows its content in a column. */
function useOverlay(hasRooms: boolean, hasPeople: boolean) {
  const [overlay, setOverlay] = useState<Overlay>();
  useEffect(() => {
    setOverlay((current) =>
      (current === "rooms" && hasRooms) || (current === "people" && hasPeople) ? undefined : current,
    );
  }, [hasRooms, hasPeople]);
  return [overlay, setOverlay] as const;
}
