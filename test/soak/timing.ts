/** The server's heartbeat, and the silence after which either side drops the connection. */
export const HEARTBEAT_MS = 1_500;
export const SILENCE_MS = 4_000;
/** How long a user whose connection broke stays online: the server's default. */
export const GRACE_MS = 5_000;
/** How long a client waits for the answer to a probe: a constant of the client. */
const PROBE_MS = 5_000;
/** The longest wait between two attempts of a client: its default. */
const BACKOFF_MS = 20_000;
/** How long after the last fault every page may take to be connected. */
export const SETTLE_MS = SILENCE_MS + PROBE_MS + BACKOFF_MS + GRACE_MS;
