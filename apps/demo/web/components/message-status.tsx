import type { Entry } from "../chat/use-room-messages.ts";
import { Icon } from "./icon.tsx";

/** The actions for a message that was not sent. The functions do not change while the list is mounted. */
export interface FailureActions {
  readonly retry: (id: string) => void;
  readonly discard: (id: string) => void;
}

interface MessageStatusProps {
  readonly entry: Entry;
  readonly actions: FailureActions;
}

/** The status of a message of the user: a mark at the side, or a line for a failure. */
export function MessageStatus({ entry, actions }: MessageStatusProps) {
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
    case "rejected":
    case "expired":
    case "unknown":
      return (
        <p className="trouble" role="alert">
          <Icon name="alert" />
          <span>{failureText(entry)}</span>
          <span className="trouble-ways">
            <button
              type="button"
              className="link-button"
              onClick={() => actions.retry(entry.id)}
              data-testid="retry"
            >
              Retry
            </button>
            <button type="button" className="link-button" onClick={() => actions.discard(entry.id)}>
              Discard
            </button>
          </span>
        </p>
      );
  }
}

function failureText({ status, error }: Entry): string {
  if (status === "unknown") return "The server did not confirm this message. It may have arrived.";
  return error ? `Not sent: ${error.message}` : "Not sent: there was no connection.";
}
