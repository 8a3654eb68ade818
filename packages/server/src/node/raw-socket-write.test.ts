import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rawPendingBytes, canWriteRaw, rawWrite } from "./raw-socket-write.ts";

let server: Server;
let near: Socket;
let far: Socket;
let faults: unknown[];

beforeEach(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  far = connect((server.address() as AddressInfo).port, "127.0.0.1");
  [near] = (await accepted) as [Socket];
  faults = [];
  near.on("error", (error) => faults.push(error));
  far.on("error", () => undefined);
});

afterEach(() => {
  near.destroy();
  far.destroy();
  server.close();
});

/** More than the kernel takes for a reader that stands still. */
const LOADS = 160;
const LOAD = 64 * 1024;
const load = (index: number): Buffer => Buffer.alloc(LOAD, index);

async function received(bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  far.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  });
  far.resume();
  while (length < bytes) await once(far, "data");
  return Buffer.concat(chunks);
}

/** What `load` made, in order, whole. */
function expectLoads(bytes: Buffer, count: number): void {
  expect(bytes.length).toBe(count * LOAD);
  for (let index = 0; index < count; index++)
    expect(bytes.subarray(index * LOAD, (index + 1) * LOAD).equals(load(index))).toBe(true);
}

test("a socket of TCP is bare, one of TLS is not", () => {
  expect(canWriteRaw(near)).toBe(true);
  const secure = new TLSSocket(near);
  expect(canWriteRaw(secure)).toBe(false);
  secure.destroy();
});

test("what the kernel takes is written when the call returns, and nothing waits", async () => {
  rawWrite(near, Buffer.from("one,"));
  rawWrite(near, Buffer.from("two"));
  expect(rawPendingBytes(near)).toBe(0);
  expect(near.bytesWritten).toBe(7);
  expect((await received(7)).toString()).toBe("one,two");
});

test("nothing is overtaken, whichever way it was written, and what waits is counted", async () => {
  far.pause();
  for (let index = 0; index < LOADS; index++) {
    if (index % 3 === 2) near.write(load(index));
    else rawWrite(near, load(index));
  }
  const waiting = rawPendingBytes(near);
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThanOrEqual(LOADS * LOAD);
  expectLoads(await received(LOADS * LOAD), LOADS);
  await expect.poll(() => rawPendingBytes(near)).toBe(0);
  rawWrite(near, Buffer.from("after"));
  expect((await received(5)).toString()).toBe("after");
});

test("what is corked goes first", async () => {
  near.cork();
  near.write("one,");
  rawWrite(near, Buffer.from("two"));
  expect(rawPendingBytes(near)).toBe(7);
  near.uncork();
  expect((await received(7)).toString()).toBe("one,two");
});

test("what waits is still written when the stream ends", async () => {
  far.pause();
  for (let index = 0; index < LOADS; index++) rawWrite(near, load(index));
  near.end();
  expectLoads(await received(LOADS * LOAD), LOADS);
});

test.each(["a reader that is gone", "a reader that was owed something"])(
  "%s ends the socket, and nothing is remembered of it",
  async (which) => {
    far.pause();
    // Only writing tells that the other side is gone.
    (near as unknown as { readonly _handle: { readStop(): void } })._handle.readStop();
    if (which.includes("owed")) while (rawPendingBytes(near) === 0) rawWrite(near, load(1));
    const closed = new Promise((resolve) => near.once("close", resolve));
    far.resetAndDestroy();
    const speak = (): boolean => {
      rawWrite(near, load(2));
      return near.destroyed;
    };
    if (!which.includes("owed")) await expect.poll(speak).toBe(true);
    await closed;
    expect(faults).toHaveLength(1);
    await expect.poll(() => rawPendingBytes(near)).toBe(0);
  },
);

test("a destroyed socket takes nothing and harms nobody", async () => {
  near.destroy();
  rawWrite(near, Buffer.from("late"));
  await once(near, "close");
  expect(rawPendingBytes(near)).toBe(0);
});
