import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Writable } from "node:stream";
import * as library from "ws";
import type { WebSocket } from "ws";
import { attachFastTextReader } from "./fast-text-reader.ts";

/** Exported by ws, but not by its types. */
const { Receiver } = library as unknown as { readonly Receiver: new (options: object) => Writable };

interface Piece {
  readonly first: number;
  readonly payload: Buffer;
  readonly mask: number | undefined;
}

/** A client's frame, or something like one. */
function frameOf({ first, payload, mask }: Piece): Buffer {
  const { length } = payload;
  const head = Buffer.from([first, (mask === undefined ? 0 : 0x80) | (length < 126 ? length : 126)]);
  const long = Buffer.from(length < 126 ? [] : [length >> 8, length & 0xff]);
  if (mask === undefined) return Buffer.concat([head, long, payload]);
  const key = Buffer.alloc(4);
  key.writeUInt32BE(mask);
  const masked = payload.map((byte, index) => byte ^ (key[index & 3] ?? 0));
  return Buffer.concat([head, long, key, masked]);
}

const text = (content: string, mask = 0x37fa213d): Buffer =>
  frameOf({ first: 0x81, payload: Buffer.from(content), mask });

function socketWith(fields: object): WebSocket {
  return fields as WebSocket;
}

/** What is read from chunks, and how many texts did not pass the receiver. */
function read(chunks: readonly Buffer[], { isFast, listeners = 1 }: { isFast: boolean; listeners?: number }) {
  const receiver = new Receiver({ isServer: true, maxPayload: 70_000, maxFragments: 4 });
  const received: string[] = [];
  let direct = 0;
  receiver.on("message", (data: Buffer, isBinary: boolean) => {
    received.push(`${isBinary ? "binary" : "text"} ${data.toString(isBinary ? "hex" : "utf8")}`);
  });
  for (const event of ["ping", "pong"])
    receiver.on(event, (data: Buffer) => received.push(`${event} ${data.toString("hex")}`));
  receiver.on("conclude", (code: number) => received.push(`conclude ${String(code)}`));
  receiver.on("error", (error: Error & { code?: string }) => received.push(`error ${error.code ?? ""}`));
  const ws = socketWith({ _receiver: receiver, listenerCount: () => listeners });
  const onText = (of: WebSocket, content: string): void => {
    expect(of).toBe(ws);
    direct++;
    received.push(`text ${content}`);
  };
  if (isFast) attachFastTextReader(onText)(ws);
  // Both of them unmask in place.
  for (const chunk of chunks) if (!receiver.destroyed) receiver.write(Buffer.from(chunk));
  return { received, direct };
}

describe("whole text frames", () => {
  const long = "x".repeat(60_000);
  const contents = ["", "a", "ab", "abc", "é😀", "b".repeat(125), "c".repeat(126), long];

  it("arrive in order without the receiver of ws", () => {
    const { received, direct } = read([Buffer.concat(contents.map((each) => text(each)))], { isFast: true });
    expect(received).toEqual(contents.map((each) => `text ${each}`));
    expect(direct).toBe(contents.length);
  });

  it("arrive through the receiver of ws when there is a second listener", () => {
    const { received, direct } = read([text("a")], { isFast: true, listeners: 2 });
    expect([received, direct]).toEqual([["text a"], 0]);
  });

  it("arrive without the receiver again after a frame that was split over two chunks", () => {
    const frame = text("abc");
    const chunks = [Buffer.concat([frame, frame.subarray(0, 4)]), frame.subarray(4), frame];
    expect(read(chunks, { isFast: true })).toEqual({ received: Array(3).fill("text abc"), direct: 2 });
  });

  it("are left to a receiver that is not as expected", () => {
    const ws = socketWith({ _receiver: { write: () => true } });
    attachFastTextReader(() => undefined)(ws);
    expect(Object.keys((ws as unknown as { readonly _receiver: object })._receiver)).toEqual(["write"]);
    for (const other of [{}, { _receiver: null }]) {
      expect(() => {
        attachFastTextReader(() => undefined)(socketWith(other));
      }).not.toThrow();
    }
  });
});

describe("any sequence of frames, in any chunks", () => {
  const piece: fc.Arbitrary<Piece> = fc.record({
    first: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0x81) },
      fc.constantFrom(0x01, 0x80, 0x00, 0x82, 0x88, 0x89, 0x8a, 0xc1, 0x91, 0x83),
    ),
    payload: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.string({ unit: "grapheme", maxLength: 200 }).map((each) => Buffer.from(each)),
      },
      fc.uint8Array({ maxLength: 140 }).map((each) => Buffer.from(each)),
    ),
    mask: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) }, fc.constant(undefined)),
  });

  it("is read with the same result as by the receiver of ws alone", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.nat(900), { maxLength: 5 }),
        (pieces, cuts) => {
          const bytes = Buffer.concat(pieces.map(frameOf));
          const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
            (a, b) => a - b,
          );
          const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
          expect(read(chunks, { isFast: true }).received).toEqual(read(chunks, { isFast: false }).received);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
