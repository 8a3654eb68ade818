// Counts the frames of a connection above its rates, second by second, and closes a connection that floods.
// Called by Inbound: the first frame above a rate creates a watch, which ends after a second without a flood; on Node, FairReader
// reads a flooding connection more slowly.
import { CloseCode } from "@halyard/protocol/wire";

/** By how much the frames of a flooded second exceed `limits.messagesPerSecond`. */
const FACTOR = 5;
/** After how many flooded seconds in a row the connection is closed. */
const SECONDS = 10;
const SECOND_MS = 1_000;

/** Counts the frames of one connection since its first frame above a rate. */
export class FloodWatch {
  readonly #most: number;
  #startedAt: number;
  #frames = 0;
  #floodedSeconds = 0;

  constructor(messagesPerSecond: number, now: number) {
    this.#most = FACTOR * messagesPerSecond;
    this.#startedAt = now;
  }

  /** Whether the current second is flooded. */
  get isFlooded(): boolean {
    return this.#frames > this.#most;
  }

  /** Whether the flood has lasted long enough for the connection to be closed. */
  get isDue(): boolean {
    return this.#floodedSeconds >= SECONDS;
  }

  /** Counts one frame. @returns false after a second without a flood, when the watch ends */
  add(now: number): boolean {
    const passedMs = now - this.#startedAt;
    if (passedMs >= SECOND_MS) {
      // If nothing arrived for a whole second, the process may have been blocked, so the frames that follow are not a flood.
      if (!this.isFlooded || passedMs >= 2 * SECOND_MS) return false;
      this.#startedAt += SECOND_MS;
      this.#frames = 0;
      this.#floodedSeconds++;
    }
    this.#frames++;
    return true;
  }
}

/** The parts of a connection that {@link closesFlood} uses. */
interface FloodingConnection {
  floodWatch: FloodWatch | undefined;
  readonly lastActivityAt: number;
  close(code: number, options: typeof FLOODING): void;
}

const FLOODING = { reason: "retryAfterMs=5000", limit: "messagesPerSecond" } as const;

/** Counts a frame of a connection above its rates. @returns whether the connection floods, and was closed */
export function closesFlood(
  connection: FloodingConnection,
  { messagesPerSecond }: { readonly messagesPerSecond: number },
): boolean {
  const { lastActivityAt: now } = connection;
  const watch = (connection.floodWatch ??= new FloodWatch(messagesPerSecond, now));
  if (!watch.add(now)) connection.floodWatch = undefined;
  else if (watch.isDue) connection.close(CloseCode.Flooding, FLOODING);
  return watch.isDue;
}
