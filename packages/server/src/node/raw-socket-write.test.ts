import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bytesBelow, isBare, writeBelow } from "./raw-socket-write.ts";

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
  expect(isBare(near)).toBe(true);
  const secure = new TLSSocket(near);
  expect(isBare(secure)).toBe(false);
  secure.destroy();
});

test("what the kernel takes is written when the call returns, and nothing waits", async () => {
  writeBelow(near, Buffer.from("one,"));
  writeBelow(near, Buffer.from("two"));
  expect(bytesBelow(near)).toBe(0);
  expect(near.bytesWritten).toBe(7);
  expect((await received(7)).toString()).toBe("one,two");
});

test("nothing is overtaken, whichever way it was written, and what waits is counted", async () => {
  far.pause();
  for (let index = 0; index < LOADS; index++) {
    if (index % 3 === 2) near.write(load(index));
    else writeBelow(near, load(index));
  }
  const waiting = bytesBelow(near);
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThanOrEqual(LOADS * LOAD);
  expectLoads(await received(LOADS * LOAD), LOADS);
  await expect.poll(() => bytesBelow(near)).toBe(0);
  writeBelow(near, Buffer.from("after"));
  expect((await received(5)).toString()).toBe("after");
});

test("what is corked goes first", async () => {
  near.cork();
  near.write("one,");
  writeBelow(near, Buffer.from("two"));
  expect(bytesBelow(near)).toBe(7);
  near.uncork();
  expect((await received(7)).toString()).toBe("one,two");
});

test("what waits is still written when the stream ends", async () => {
  far.pause();
  for (let index = 0; index < LOADS; index++) writeBelow(near, load(index));
  near.end();
  expectLoads(await received(LOADS * LOAD), LOADS);
});

test.each(["a reader that is gone", "a reader that was owed something"])(
  "%s ends the socket, and nothing is remembered of it",
  async (which) => {
    far.pause();
    // Only writing tells that the other side is gone.
    (near as unknown as { readonly _handle: { readStop(): void } })._handle.readStop();
    if (which.includes("owed")) while (bytesBelow(near) === 0) writeBelow(near, load(1));
    const closed = new Promise((resolve) => near.once("close", resolve));
    far.resetAndDestroy();
    const speak = (): boolean => {
      writeBelow(near, load(2));
      return near.destroyed;
    };
    if (!which.includes("owed")) await expect.poll(speak).toBe(true);
    await closed;
    expect(faults).toHaveLength(1);
    await expect.poll(() => bytesBelow(near)).toBe(0);
  },
);

test("a destroyed socket takes nothing and harms nobody", async () => {
  near.destroy();
  writeBelow(near, Buffer.from("late"));
  await once(near, "close");
  expect(bytesBelow(near)).toBe(0);
});
