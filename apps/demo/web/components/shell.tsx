import { useEffect, useState } from "react";
import { FIRST_ROOMS } from "../../shared/constants.ts";
import type { Account } from "../chat/account.ts";
import { Bans } from "../chat/bans.ts";
import { useChat } from "../chat/chat-context.ts";
import { useActiveRoom } from "../hooks/use-active-room.ts";
import { useMediaQuery } from "../hooks/use-media-query.ts";
import { usePageTitle } from "../hooks/use-page-title.ts";
import { useStore } from "../hooks/use-store.ts";
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
import { RoomView } from "./room-view.tsx";
import { Sidebar } from "./sidebar.tsx";

/** The frame: rooms at the left, people at the right, the room between; on a phone both sides are drawers. */
export function Shell({ account }: { readonly account: Account }) {
  const room = useActiveRoom(useStore(useChat().rooms));
  const hasRooms = useMediaQuery("(min-width: 760px)");
  const hasPeople = useMediaQuery("(min-width: 1080px)");
  const [overlay, setOverlay] = useState<Overlay>();
  const [bans] = useState(() => new Bans());
  const close = () => setOverlay(undefined);
  usePageTitle(room?.name);

  // A drawer whose content has a column of its own on a wider screen would show it twice.
  useEffect(() => {
    setOverlay((current) =>
      (current === "rooms" && hasRooms) || (current === "people" && hasPeople) ? undefined : current,
    );
  }, [hasRooms, hasPeople]);

  const sidebar = (
    <Sidebar
      account={account}
      active={room?.name}
      onNavigate={close}
      onCreate={() => setOverlay("create-room")}
    />
  );
  const people = (
    <People moderation={account.isAdmin ? { bans, onBan: (person) => setOverlay({ person }) } : undefined} />
  );
  return (
    <div className="shell">
      {hasRooms && <aside className="side">{sidebar}</aside>}
      <main className="main">
        <RoomHeader
          name={room?.name ?? FIRST_ROOMS[0]}
          canAnnounce={account.isAdmin}
          onOpen={setOverlay}
          hasRooms={hasRooms}
          hasPeople={hasPeople}
        />
        <Announcements />
        {room ? <RoomView key={room.name} room={room} /> : <div className="room-empty" aria-busy="true" />}
      </main>
      {hasPeople && <aside className="people-side">{people}</aside>}
      {overlay === "rooms" && (
        <Dialog title="Rooms" kind="drawer-left" onClose={close}>
          {sidebar}
        </Dialog>
      )}
      {overlay === "people" && (
        <Dialog title="People" kind="drawer-right" onClose={close}>
          {people}
        </Dialog>
      )}
      {overlay === "create-room" && <CreateRoomDialog onClose={close} />}
      {overlay === "announce" && <AnnounceDialog onClose={close} />}
      {typeof overlay === "object" && <BanDialog person={overlay.person} bans={bans} onClose={close} />}
      <KickedDialog />
      <LiveRegion />
    </div>
  );
}
