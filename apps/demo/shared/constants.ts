// Without zod on purpose: the page imports these values, and one value import from protocol.ts
// would pull the whole of zod into its bundle.

/** Where the socket lives, on the page's own host. */
export const SOCKET_PATH = "/ws";

/** What a new database starts with. */
export const FIRST_ROOMS = ["general", "random", "help"] as const;

/** Narrower than Halyard's own pattern, so that a room's name reads like one. */
export const ROOM_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** A page joins every room to count what is unread, so their number is bounded (Halyard's limit is 100). */
export const MAX_ROOMS = 40;

export const MAX_CONTENT_LENGTH = 4_000;
export const MAX_ANNOUNCEMENT_LENGTH = 300;
export const MAX_NAME_LENGTH = 40;
export const PAGE_SIZE = 40;
/** Above it a page shows "99+". */
export const MAX_UNREAD = 100;
/** How many users a page asks the roles of at once. */
export const MAX_ROLES = 500;
/** The reason with which the server closes the connections of a user whom an admin kicks. */
export const KICKED = "kicked";
