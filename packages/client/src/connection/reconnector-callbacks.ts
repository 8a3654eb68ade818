import type { ConnectionEvent, ConnectionState } from "./connection-state.ts";

/** What the reconnector reads from the connection and reports to it. */
export interface ReconnectorCallbacks {
  readonly clientId: string;
  /** Its cause is what failed last, until the next welcome or start. */
  readonly state: ConnectionState;
  /** The number of the last attempt. */
  attempt: number;
  transition(event: ConnectionEvent): void;
  /** A socket is open. */
  onOpen(): void;
  onText(text: string): void;
  /** The current socket or attempt has ended. */
  onDisconnected(): void;
}
