// Values that the front page and the server share, without zod, because the page imports them.

/** The path to which a POST starts a visit. The answer is a {@link Visit}. */
export const VISIT_PATH = "/visit";

/** The path of the two sockets of a visit. */
export const VISIT_SOCKET_PATH = "/visit/ws";

/** The two users of a visit: the visitor, and the companion, whose messages the page writes. */
export const GUESTS = ["you", "companion"] as const;
export type Guest = (typeof GUESTS)[number];

/** A visit: its room, a canvas that it shares with other visits, and a ticket for each of its two users. */
export interface Visit {
  readonly room: string;
  /** The room of the cursors of all visitors from one address. */
  readonly canvas: string;
  readonly tickets: Readonly<Record<Guest, string>>;
  /** The time after which the tickets open no socket, in ms since 1970. */
  readonly expiresAt: number;
}

/** The statuses that a visitor can show beside the cursor. */
export const STATUSES = ["here", "busy", "away"] as const;
export type Status = (typeof STATUSES)[number];

/** The most open tabs of a visitor. */
export const MAX_TABS = 4;
export const MAX_LINE_LENGTH = 280;
/** The most stored lines of a guest. */
export const KEPT_LINES = 200;
