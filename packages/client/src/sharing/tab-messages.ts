// What tabs tell each other over their BroadcastChannel. Tabs of an earlier build of the page may still be open, so a field
// keeps its meaning, and a message of another form gets another name of the group.

/** What the tabs know of the connection that they share: the next leader continues it. */
export interface SharedClient {
  /** The client id of the connection, and its last attempt. */
  readonly clientId: string;
  readonly attempt: number;
  /** Another text whenever the server may have forgotten what the tabs have sent. */
  readonly memory: string;
}

/** From a tab, by the id of its socket. */
export interface TabMessage {
  readonly tab: string;
  /** The socket waits for the connection. */
  readonly opens?: boolean;
  /** The connection that the tab was part of. */
  readonly known?: SharedClient | undefined;
  /** A frame for the server. */
  readonly frame?: string;
  /** The leader is asked whether it is there. */
  readonly asks?: boolean;
  /** The socket has closed, with this code. */
  readonly closed?: number;
}

/** From the leader. */
export interface LeaderMessage {
  readonly leader: string;
  /** The sockets that the message is for. @default all */
  readonly to?: readonly string[];
  /** There is a new leader. */
  readonly isNew?: boolean;
  /** The connection is open: `hello` may follow. */
  readonly opened?: boolean;
  readonly frame?: string;
  readonly known?: SharedClient;
  /** The connection has closed. */
  readonly closed?: { readonly code: number; readonly reason: string };
  /** The next socket of the tab is one of its own. */
  readonly alone?: boolean;
}

/** Tells a client to come back at once: its connection has moved to another leader, or to a socket of its own. */
export const MOVED = { code: 4012, reason: "retryAfterMs=0" };
