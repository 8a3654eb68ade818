/** The server asks after its clients so often, and both sides call each other silent after this. */
export const HEARTBEAT_MS = 1_500;
export const SILENCE_MS = 4_000;
/** A user whose connection broke stays online so long: the server's default. */
export const GRACE_MS = 5_000;
/** How long a client waits for the answer to a probe: a constant of the client. */
const PROBE_MS = 5_000;
/** The longest wait between two attempts of a client: its default. */
const BACKOFF_MS = 20_000;
/** How long it may take, after the last fault, until everybody is back. */
export const REST_MS = SILENCE_MS + PROBE_MS + BACKOFF_MS + GRACE_MS;
