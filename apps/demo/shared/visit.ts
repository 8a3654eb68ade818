// What the shop window and the server share, without zod: the page imports these values.

/** POST starts a visit and answers a {@link Visit}. */
export const VISIT_PATH = "/visit";

/** Where the two sockets of a visit live. */
export const VISIT_SOCKET_PATH = "/visit/ws";

/** The two users of a visit: the visitor, and the companion who talks by itself. */
export const GUESTS = ["you", "companion"] as const;
export type Guest = (typeof GUESTS)[number];

/** A visit: a room of its own, a canvas that it shares, and a ticket for each of its two users. */
export interface Visit {
  readonly room: string;
  /** The room of the cursors of all visitors from one address. */
  readonly canvas: string;
  readonly tickets: Readonly<Record<Guest, string>>;
  /** In milliseconds since the epoch; after it the tickets open no socket. */
  readonly expiresAt: number;
}

/** What a visitor shows beside the own cursor. */
export const STATUSES = ["here", "busy", "away"] as const;
export type Status = (typeof STATUSES)[number];

/** How many tabs a visitor may have open at once. */
export const MAX_TABS = 4;
export const MAX_LINE_LENGTH = 280;
/** How many lines of a visit the server keeps. */
export const KEPT_LINES = 200;
