import { FIRST_ROOMS } from "../../shared/constants.ts";

/** Shown if the address has the name of a room that does not exist. */
export function RoomMissing({ name }: { readonly name: string }) {
  return (
    <div className="room-quiet" role="alert" data-testid="missing-room">
      <h2>There is no room #{name}</h2>
      <p>
        The link may be outdated. <a href={`#${FIRST_ROOMS[0]}`}>Open #{FIRST_ROOMS[0]}</a>
      </p>
    </div>
  );
}
