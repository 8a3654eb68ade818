// Values without zod: the page imports them, and a value of protocol.ts would add zod to the bundle of the page.

/** The path of the socket of the chat. */
export const SOCKET_PATH = "/ws";

/** The rooms of a new database. */
export const FIRST_ROOMS = ["general", "random", "help"] as const;

/** The pattern of room names, which is narrower than that of Halyard. */
export const ROOM_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** The most rooms: a page joins all of them to count unread messages, and Halyard limits a client to 100 rooms. */
export const MAX_ROOMS = 40;

export const MAX_CONTENT_LENGTH = 4_000;
export const MAX_ANNOUNCEMENT_LENGTH = 300;
export const MAX_NAME_LENGTH = 40;
export const PAGE_SIZE = 40;
/** The most stored messages of a room. */
export const KEPT_MESSAGES = 2_000;
/** The most unread messages that are counted; the page then shows "99+". */
export const MAX_UNREAD = 100;
/** The most users in a request for roles. */
export const MAX_ROLES = 500;
/** The reason with which the server closes the connections of a user whom an admin kicks. */
export const KICKED = "kicked";
