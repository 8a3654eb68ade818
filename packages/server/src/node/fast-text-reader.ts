import { isUtf8 } from "node:buffer";
import type { WebSocket } from "ws";

/** What `ws` has of a receiver beside its documentation. */
interface Receiver<TSocket> {
  readonly _state: number;
  readonly _bufferedBytes: number;
  readonly _fragmented: number;
  readonly _opcode: number;
  readonly _loop: boolean;
  readonly _errored: boolean;
  write(this: Receiver<TSocket>, chunk: Buffer): boolean;
  /** Whose it is: added here. */
  connection?: TSocket;
}

/** @param isNext whether it came in one read with the one before */
export type OnText<TSocket> = (ws: TSocket, text: string, isSameChunk: boolean) => void;

/**
 * Takes whole, short, uncompressed text frames out of what a socket has read, and hands everything else to the receiver
 * of `ws`, untouched: fragments, control frames, and all that breaks the protocol. Nearly every frame of a client is one
 * of the first kind, and the receiver makes three views of memory and two events for it.
 *
 * @returns puts itself before the receiver of one socket, unless that is not as expected
 */
export function attachFastTextReader<TSocket extends WebSocket>(
  onText: OnText<TSocket>,
): (ws: TSocket) => void {
  let receive: Receiver<TSocket>["write"] | undefined;
  function write(this: Receiver<TSocket>, chunk: Buffer): boolean {
    const at =
      isBetweenFrames(this) && this.connection !== undefined ? readTexts(chunk, this.connection, onText) : 0;
    if (at === chunk.length) return true;
    return receive?.call(this, at === 0 ? chunk : chunk.subarray(at)) ?? true;
  }
  return (ws) => {
    const { _receiver: receiver } = ws as unknown as { readonly _receiver?: Receiver<TSocket> | null };
    // Bun puts a class of its own in the place of the one of `ws`.
    if (!receiver || !isBetweenFrames(receiver)) return;
    receive ??= receiver.write;
    receiver.connection = ws;
    receiver.write = write;
  };
}

const GET_INFO = 0;
const CLOSE = 8;

/** Between two messages. After a close frame or an error nothing is read any more. */
function isBetweenFrames(receiver: Receiver<unknown>): boolean {
  return (
    receiver._state === GET_INFO &&
    receiver._bufferedBytes === 0 &&
    receiver._fragmented === 0 &&
    receiver._opcode !== CLOSE &&
    !receiver._loop &&
    !receiver._errored
  );
}

/** The first byte of a text frame that is whole (FIN) and not compressed (RSV1). */
const FIN_TEXT = 0x81;
const MASKED = 0x80;

/** @returns where what is left begins */
function readTexts<TSocket extends WebSocket>(bytes: Buffer, ws: TSocket, onText: OnText<TSocket>): number {
  // Whoever else listens gets every message as an event.
  if (ws.listenerCount("message") !== 1) return 0;
  let at = 0;
  while (at + 6 <= bytes.length && bytes[at] === FIN_TEXT) {
    const short = (bytes[at + 1] ?? 0) - MASKED;
    if (short < 0 || short === 127) break;
    const start = at + (short === 126 ? 8 : 6);
    const end = start + (short === 126 ? bytes.readUInt16BE(at + 2) : short);
    if (end > bytes.length) break;
    const text = textOf(bytes, start, end);
    if (text === undefined) break;
    const isSameChunk = at > 0;
    at = end;
    onText(ws, text, isSameChunk);
  }
  return at;
}

/** @returns undefined for what is not UTF-8: it is as it was then */
function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  if (unmask(bytes, start, end) < 0x80) return bytes.toString("latin1", start, end);
  if (isUtf8(bytes.subarray(start, end))) return bytes.toString("utf8", start, end);
  unmask(bytes, start, end);
  return undefined;
}

/**
 * The mask stands before the payload. What is masked twice is as it was.
 *
 * @returns all bytes of the result, or-ed: below 128 where it is ASCII
 */
function unmask(bytes: Buffer, start: number, end: number): number {
  const a = bytes[start - 4] ?? 0;
  const b = bytes[start - 3] ?? 0;
  const c = bytes[start - 2] ?? 0;
  const d = bytes[start - 1] ?? 0;
  let mask32 = 0;
  let index = start;
  for (; index + 3 < end; index += 4) {
    mask32 |= bytes[index] = (bytes[index] ?? 0) ^ a;
    mask32 |= bytes[index + 1] = (bytes[index + 1] ?? 0) ^ b;
    mask32 |= bytes[index + 2] = (bytes[index + 2] ?? 0) ^ c;
    mask32 |= bytes[index + 3] = (bytes[index + 3] ?? 0) ^ d;
  }
  if (index < end) mask32 |= bytes[index] = (bytes[index] ?? 0) ^ a;
  if (index + 1 < end) mask32 |= bytes[index + 1] = (bytes[index + 1] ?? 0) ^ b;
  if (index + 2 < end) mask32 |= bytes[index + 2] = (bytes[index + 2] ?? 0) ^ c;
  return mask32;
}
