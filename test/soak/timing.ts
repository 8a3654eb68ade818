/** The interval of heartbeats, and the silence after which either end drops the connection, in ms. */
export const HEARTBEAT_MS = 1_500;
export const SILENCE_MS = 4_000;
/** The time that a user stays online after a broken connection: the default of the server. */
export const GRACE_MS = 5_000;
/** The time that a client waits for the answer to a probe: a constant of the client. */
const PROBE_MS = 5_000;
/** The longest wait between two attempts of a client: the default of the client. */
const BACKOFF_MS = 20_000;
/** The time after the last fault within which every page must be connected. */
export const SETTLE_MS = SILENCE_MS + PROBE_MS + BACKOFF_MS + GRACE_MS;
