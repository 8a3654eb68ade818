import type { RoomSession } from "../chat/room-session.ts";
import type { Entry } from "../chat/timeline.ts";
import { Icon } from "./icon.tsx";

/** What became of one's own message. The mark at the side has its place from the start; only trouble takes a line. */
export function MessageStatus({ entry, room }: { readonly entry: Entry; readonly room: RoomSession }) {
  switch (entry.status) {
    case "sending":
      return (
        <span className="mark" title="Sending">
          <Icon name="clock" />
          <span className="sr-only">Sending</span>
        </span>
      );
    case "delivered":
      return (
        <span className="mark" title="Sent">
          <Icon name="check" />
          <span className="sr-only">Sent</span>
        </span>
      );
    case "failed":
    case "unknown":
      return (
        <p className="trouble" role="alert">
          <Icon name="alert" />
          <span>{troubleText(entry)}</span>
          <span className="trouble-ways">
            <button
              type="button"
              className="link-button"
              onClick={() => room.retry(entry.id)}
              data-testid="retry"
            >
              Retry
            </button>
            <button type="button" className="link-button" onClick={() => room.discard(entry.id)}>
              Discard
            </button>
          </span>
        </p>
      );
  }
}

function troubleText({ status, error }: Entry): string {
  if (status === "unknown") return "The connection was away too long to tell whether this arrived.";
  return error ? `Not sent: ${error.message}` : "Not sent: there was no connection.";
}
