import type { ConnectionEvent } from "./connection-state.ts";

/** What the reconnector tells the connection, and asks it for. */
export interface ReconnectorCallbacks {
  readonly clientId: string;
  transition(event: ConnectionEvent): void;
  /** A socket is open. `attempt` is the number that the server knows this connection by. */
  onOpen(attempt: number): void;
  onText(text: string): void;
  /** The current socket or attempt is no longer current. */
  onDisconnected(): void;
}
