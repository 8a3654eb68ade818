// Reads at most one large message per socket and turn of the event loop, and reads a flooding socket only every 100 ms.
// Called for each received text, by the listeners and by the fast text reader.
// Why: libuv reads up to 32 chunks of 64 KiB from one socket before it moves on to the next one, so twenty flooding connections
// delay all others for the time that 40 MiB take. Most of the cost of a small frame is reading it, so a flood must stay unread
// at its sender.
import type { Clock } from "../types.ts";

/** The members of a `ws` socket that are needed to pause it. */
interface PausableSocket {
  readonly isPaused: boolean;
  pause(): void;
  resume(): void;
}

/** A message with more characters counts as large. */
const LARGE = 32 * 1_024;
const FLOOD_PAUSE_MS = 100;

/** @param isFlooded whether the connection is far above its rates */
export type ReadFairly = (ws: PausableSocket, text: string, isFlooded?: boolean) => void;

/** Pauses a socket that has sent a large message or floods, so that the other sockets are read. */
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
