import type { ConnectionEvent } from "./connection-state.ts";

/** What the reconnector reads from the connection and reports to it. */
export interface ReconnectorCallbacks {
  readonly clientId: string;
  /** The number of the last attempt. */
  attempt: number;
  transition(event: ConnectionEvent): void;
  /** A socket is open. */
  onOpen(): void;
  onText(text: string): void;
  /** The current socket or attempt has ended. */
  onDisconnected(): void;
}
