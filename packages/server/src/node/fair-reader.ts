// Lets one socket give at most one large message per turn of the event loop, and reads one that floods every 100 ms.
// Called for each text that has come in, by the listeners and by the fast text reader.
// Why: libuv reads up to 32 chunks of 64 KiB from one socket before it comes to the next one, so that twenty connections that
// flood hold up all others for the time of 40 MiB. Most of the cost of a small frame is to read it: what is not read yet
// waits with its sender.
import type { Clock } from "../types.ts";

/** What is paused; `ws` has all of it. */
interface PausableSocket {
  readonly isPaused: boolean;
  pause(): void;
  resume(): void;
}

/** Above this many characters a message is large. */
const LARGE = 32 * 1_024;
const FLOOD_PAUSE_MS = 100;

/** @param isFlooded whether the connection is far above its rates */
export type ReadFairly = (ws: PausableSocket, text: string, isFlooded?: boolean) => void;

/** Stops reading a socket that has sent a large message, or floods, so that the other sockets are read. */
export function createFairReader(clock: Pick<Clock, "setImmediate" | "setTimeout">): ReadFairly {
  return (ws, text, isFlooded = false) => {
    if ((text.length < LARGE && !isFlooded) || ws.isPaused) return;
    ws.pause();
    const resume = (): void => {
      ws.resume();
    };
    if (isFlooded) clock.setTimeout(resume, FLOOD_PAUSE_MS);
    else clock.setImmediate(resume);
  };
}
