import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rawPendingBytes, canWriteRaw, rawWrite } from "./raw-socket-write.ts";

let server: Server;
let near: Socket;
let far: Socket;
let errors: unknown[];

beforeEach(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  far = connect((server.address() as AddressInfo).port, "127.0.0.1");
  [near] = (await accepted) as [Socket];
  errors = [];
  near.on("error", (error) => errors.push(error));
  far.on("error", () => undefined);
});

afterEach(() => {
  near.destroy();
  far.destroy();
  server.close();
});

/** More than the kernel takes for a paused reader. */
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

/** Checks that the bytes are those of `load`, in order and complete. */
function expectLoads(bytes: Buffer, count: number): void {
  expect(bytes.length).toBe(count * LOAD);
  for (let index = 0; index < count; index++)
    expect(bytes.subarray(index * LOAD, (index + 1) * LOAD).equals(load(index))).toBe(true);
}

test("a TCP socket can be written to below its stream, and a TLS socket cannot", () => {
  expect(canWriteRaw(near)).toBe(true);
  const secure = new TLSSocket(near);
  expect(canWriteRaw(secure)).toBe(false);
  secure.destroy();
});

test("bytes that the kernel takes are written when the call returns, and no bytes are pending", async () => {
  rawWrite(near, Buffer.from("one,"));
  rawWrite(near, Buffer.from("two"));
  expect(rawPendingBytes(near)).toBe(0);
  expect(near.bytesWritten).toBe(7);
  expect((await received(7)).toString()).toBe("one,two");
});

test("raw writes and stream writes keep their order, and pending bytes are counted", async () => {
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

test("corked bytes are written before a raw write", async () => {
  near.cork();
  near.write("one,");
  rawWrite(near, Buffer.from("two"));
  expect(rawPendingBytes(near)).toBe(7);
  near.uncork();
  expect((await received(7)).toString()).toBe("one,two");
});

test("pending bytes are still written when the stream ends", async () => {
  far.pause();
  for (let index = 0; index < LOADS; index++) rawWrite(near, load(index));
  near.end();
  expectLoads(await received(LOADS * LOAD), LOADS);
});

test.each(["without pending bytes", "with pending bytes"])(
  "a reset %s closes the socket with one error, and no pending bytes are stored for it",
  async (which) => {
    far.pause();
    // Without reading, only a write notices the reset.
    (near as unknown as { readonly _handle: { readStop(): void } })._handle.readStop();
    if (which.startsWith("with ")) while (rawPendingBytes(near) === 0) rawWrite(near, load(1));
    const closed = new Promise((resolve) => near.once("close", resolve));
    far.resetAndDestroy();
    const write = (): boolean => {
      rawWrite(near, load(2));
      return near.destroyed;
    };
    if (!which.startsWith("with ")) await expect.poll(write).toBe(true);
    await closed;
    expect(errors).toHaveLength(1);
    await expect.poll(() => rawPendingBytes(near)).toBe(0);
  },
);

test("a write to a destroyed socket is ignored", async () => {
  near.destroy();
  rawWrite(near, Buffer.from("late"));
  await once(near, "close");
  expect(rawPendingBytes(near)).toBe(0);
});
