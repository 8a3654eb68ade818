import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTestClock } from "../clock/test-clock.ts";
import type { FaultConnection } from "./fault-connection.ts";
import { createFaultProxy } from "./fault-proxy.ts";
import type { FaultProxy, FaultProxyOptions } from "./fault-proxy.ts";

/** One end of a connection, and how it ended: `end` for a FIN, else the code of the error. */
class End {
  text = "";
  readonly ended: Promise<string>;
  readonly socket: Socket;
  #onData: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      socket.on("end", () => resolve("end"));
    });
    socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.#onData?.();
    });
  }

  async until(text: string): Promise<void> {
    while (this.text !== text) await new Promise<void>((resolve) => (this.#onData = resolve));
  }

  async atLeast(length: number): Promise<void> {
    while (this.text.length < length) await new Promise<void>((resolve) => (this.#onData = resolve));
  }
}

let server: Server;
let accepted: Promise<End>[];
let proxy: FaultProxy | undefined;

beforeEach(async () => {
  const waiting: ((end: End) => void)[] = [];
  accepted = Array.from({ length: 5 }, () => new Promise((resolve) => waiting.push(resolve)));
  server = createServer((socket) => waiting.shift()?.(new End(socket)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await proxy?.close();
  server.close();
});

async function start(options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const { port } = server.address() as AddressInfo;
  proxy = await createFaultProxy({ target: { port }, ...options });
  return proxy;
}

async function open(options?: Partial<FaultProxyOptions>) {
  const { port } = await start(options);
  const client = new End(connect(port, "127.0.0.1"));
  const peer = await (accepted[0] ?? Promise.reject(new Error("too many connections")));
  const connection = proxy?.connections[0];
  if (!connection) throw new Error("no connection");
  return { client, peer, connection };
}

/** Resolves when everything has passed that was written before, in the same direction. */
async function barrier(from: End, to: End): Promise<void> {
  const text = `${to.text}|`;
  from.socket.write("|");
  await to.until(text);
}

describe("createFaultProxy", () => {
  it("passes bytes and their end, in both directions", async () => {
    const { client, peer, connection } = await open();
    client.socket.write("up");
    peer.socket.write("down");
    await Promise.all([peer.until("up"), client.until("down")]);
    expect(connection.bytes).toEqual({ up: 2, down: 4 });

    client.socket.end();
    expect(await peer.ended).toBe("end");
    expect(await client.ended).toBe("end");
    await connection.closed;
    expect(connection.state).toBe("closed");
    expect(proxy?.connections).toEqual([]);
  });

  it("resets the client when the server does not listen", async () => {
    const { port } = await start({ target: { port: 1 } });
    const client = new End(connect(port, "127.0.0.1"));
    expect(await client.ended).toBe("ECONNRESET");
  });

  it("resets the client when the server resets the connection", async () => {
    const { client, peer } = await open();
    peer.socket.resetAndDestroy();
    expect(await client.ended).toBe("ECONNRESET");
  });

  it("resets new connections from refuse() until accept(), and leaves open ones alone", async () => {
    const { client, peer } = await open();
    proxy?.refuse();
    const rejected = new End(connect(proxy?.port ?? 0, "127.0.0.1"));
    expect(await rejected.ended).toBe("ECONNRESET");
    proxy?.accept();
    const second = new End(connect(proxy?.port ?? 0, "127.0.0.1"));
    await barrier(second, await (accepted[1] ?? Promise.reject(new Error("too many connections"))));
    await barrier(client, peer);
  });
});

describe("cut", () => {
  it("resets both ends of a connection", async () => {
    const { client, peer, connection } = await open();
    connection.cut();
    expect(await Promise.all([client.ended, peer.ended])).toEqual(["ECONNRESET", "ECONNRESET"]);
    await connection.closed;
  });

  it("lets exactly so many more bytes pass before it resets both ends", async () => {
    const { client, peer, connection } = await open();
    await barrier(client, peer);
    connection.cutAfter(5, "up");
    client.socket.write("0123456789");
    expect(await client.ended).toBe("ECONNRESET");
    await peer.ended;
    expect(peer.text).toBe("|01234");
    expect(connection.bytes.up).toBe(6);
  });

  it("strikes a new connection before its first byte, with the same random numbers for the same seed", async () => {
    const cuts: number[] = [];
    const onConnection = (connection: FaultConnection, random: () => number) => {
      cuts.push(1 + Math.floor(random() * 1_000));
      connection.cutAfter(cuts.at(-1) ?? 0, "up");
    };
    const { client, peer } = await open({ seed: 7, onConnection });
    client.socket.write("x".repeat(2_000));
    await peer.ended;
    expect(peer.text).toHaveLength(cuts[0] ?? -1);
    await proxy?.close();

    const second = new End(connect((await start({ seed: 7, onConnection })).port, "127.0.0.1"));
    second.socket.write("x".repeat(2_000));
    await second.ended;
    expect(cuts[1]).toBe(cuts[0]);
  });

  it("gives each connection random numbers of its own, also with the date as its seed", async () => {
    const firsts: number[] = [];
    const { port } = await start({
      seed: 1_764_500_000_000,
      onConnection: (_, random) => firsts.push(random()),
    });
    for (let clients = 0; clients < 3; clients++) {
      const end = new End(connect(port, "127.0.0.1"));
      await barrier(end, await (accepted[clients] ?? Promise.reject(new Error("too many connections"))));
    }
    expect(new Set(firsts).size).toBe(3);
  });
});

describe("stall", () => {
  it("holds back the bytes of one direction, loses none, and lets the other direction pass", async () => {
    const { client, peer, connection } = await open();
    connection.stall("down");
    peer.socket.write("held");
    await barrier(client, peer);
    await barrier(client, peer);
    expect(client.text).toBe("");
    connection.resume();
    await client.until("held");
  });

  it("holds back the end of a connection, too", async () => {
    const { client, peer, connection } = await open();
    await barrier(client, peer);
    connection.stall();
    client.socket.end("bye");
    await new Promise((resolve) => client.socket.once("finish", resolve));
    expect(peer.text).toBe("|");
    connection.resume();
    expect(await peer.ended).toBe("end");
    expect(peer.text).toBe("|bye");
  });
});

describe("delay", () => {
  it("delays bytes, and keeps their order", async () => {
    const clock = createTestClock();
    const { client, peer, connection } = await open({ clock });
    connection.delay(100, 50);
    client.socket.write("a");
    while (clock.nextTimerAt === undefined) await new Promise(setImmediate);
    await clock.advance(99);
    expect(peer.text).toBe("");
    expect(connection.bytes.up).toBe(0);
    client.socket.write("b");
    while (peer.text.length < 2) {
      await new Promise(setImmediate);
      await clock.advance(50);
    }
    expect(peer.text).toBe("ab");
  });
});

describe("limit", () => {
  it("passes at most so many bytes per second, and fills the buffers of the sender", async () => {
    const clock = createTestClock();
    const { client, peer, connection } = await open({ clock });
    connection.limit(100_000, "down");
    peer.socket.write("x".repeat(16_000_000));
    await client.atLeast(1);
    for (let second = 0; second < 3; second++) await clock.advance(1_000);
    expect(connection.bytes.down).toBeGreaterThan(295_000);
    expect(connection.bytes.down).toBeLessThan(305_000);
    expect(peer.socket.writableLength).toBeGreaterThan(1_000_000);
    connection.resume();
    await client.atLeast(16_000_000);
  });
});

describe("halfOpen", () => {
  it("resets the server, and the client notices nothing", async () => {
    const { client, peer, connection } = await open();
    await barrier(client, peer);
    connection.halfOpen();
    expect(await peer.ended).toBe("ECONNRESET");
    const isWritten = new Promise((resolve) => client.socket.write("into nothing", resolve));
    await isWritten;
    expect(client.socket.readable && client.socket.writable).toBe(true);
    expect(connection.state).toBe("halfOpen");
    client.socket.destroy();
    await connection.closed;
  });

  it("resets the client, and the server notices nothing", async () => {
    const { client, peer, connection } = await open();
    connection.halfOpen("client");
    expect(await client.ended).toBe("ECONNRESET");
    await new Promise((resolve) => peer.socket.write("into nothing", resolve));
    expect(peer.socket.readable && peer.socket.writable).toBe(true);
    expect(connection.state).toBe("halfOpen");
    await proxy?.close();
    expect(await peer.ended).toBe("ECONNRESET");
  });
});
