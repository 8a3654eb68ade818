import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { handshake, requestText, UPGRADE_HEADERS, upgradeText, WEBSOCKET_KEY } from "../support/handshake.ts";
import type { HandshakeAnswer, HandshakeOptions } from "../support/handshake.ts";
import { until, within } from "../support/wait.ts";
import { describeAttacks } from "./support/attacked-app.ts";
import type { AttackedApp } from "./support/attacked-app.ts";

const UPGRADE: Readonly<Record<string, string>> = Object.fromEntries(UPGRADE_HEADERS);

/** An upgrade with a session. */
async function upgrade(
  app: AttackedApp,
  options: Omit<HandshakeOptions, "port"> = {},
): Promise<HandshakeAnswer> {
  const headers = [...app.credentials(app.user()), ...(options.headers ?? [])];
  return handshake({ ...options, port: app.port, headers });
}

/** An upgrade with changed headers; `undefined` leaves one out. */
async function altered(
  app: AttackedApp,
  change: Readonly<Record<string, string | undefined>>,
  method = "GET",
): Promise<HandshakeAnswer> {
  const headers = Object.entries({ ...UPGRADE, ...change }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return upgrade(app, { plain: true, method, headers });
}

/** Sends text on a bare TCP connection. @returns the socket, and a promise of the connection's end */
function sendText(app: AttackedApp, text = ""): { readonly socket: Socket; readonly ended: Promise<void> } {
  const socket = connect({ host: "127.0.0.1", port: app.port });
  socket.resume();
  socket.write(text);
  const ended = new Promise<void>((resolve) => {
    socket.on("error", () => {
      resolve();
    });
    socket.on("close", () => {
      resolve();
    });
  });
  return { socket, ended };
}

const limits = { handshakeMs: 500 };

describeAttacks("A: handshakes", { limits }, (app) => {
  const TARGETS = [
    "//evil.com/ws",
    "http://evil.com/ws",
    "*",
    "/ws/../admin",
    "/ws%00",
    "//",
    "/admin",
    "/wss",
    "/ws/x",
  ];

  it.each(TARGETS)("A7: an upgrade with the target %s and a foreign origin is rejected", async (target) => {
    const foreign = { target, headers: [["Origin", "http://evil.com"] as const] };
    const answer = await handshake({
      ...foreign,
      port: app.port,
      headers: [["Cookie", "session=eve"], ...foreign.headers],
    });
    expect([0, 400, 403, 404]).toContain(answer.status);
  });

  it("A7: a target with dots gets 404 on Node, and is resolved before the check on Bun", async () => {
    const { status } = await upgrade(app, { target: "/%2e%2e/ws" });
    expect(status).toBe(app.runtime === "node" ? 404 : 101);
  });

  it("A8: other methods, HTTP/1.0 and other upgrades are rejected, and on Node a missing Connection too", async () => {
    expect((await altered(app, {}, "POST")).status).toBe(405);
    expect((await altered(app, {}, "HEAD")).status).toBe(405);
    for (const change of [{ Upgrade: "h2c" }, { Upgrade: "WebSocket, foo" }, { Upgrade: undefined }]) {
      expect((await altered(app, change)).status).toBe(426);
    }
    const { status } = await altered(app, { Connection: undefined });
    expect(app.runtime === "node" ? [426] : [101, 426]).toContain(status);
    const old = sendText(app, requestText(UPGRADE_HEADERS, { version: "1.0" }));
    let answer = "";
    old.socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    await until("an answer or an end", () => answer !== "" || old.socket.destroyed);
    expect(answer).not.toContain(" 101 ");
    old.socket.destroy();
  });

  it("A9: an invalid key or version is rejected with 400 and leaves no pending handshake", async () => {
    const keys = [undefined, "", "c2hvcnQ=", `${WEBSOCKET_KEY}, ${WEBSOCKET_KEY}`, "x".repeat(8_192)];
    for (const key of keys) expect((await altered(app, { "Sec-WebSocket-Key": key })).status).toBe(400);
    for (const version of ["12", "13, 8", "", undefined]) {
      const answer = await altered(app, { "Sec-WebSocket-Version": version });
      expect([answer.status, answer.headers.get("sec-websocket-version")]).toEqual([400, "13, 8"]);
    }
  });

  it("A10: subprotocols that are too many, empty or repeated are rejected with 400 within 200 ms", async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `p${String(n)}`).join(",");
    for (const offers of [
      `halyard.v1,${many}`,
      "halyard.v1,,b",
      "halyard.v1, halyard.v1",
      `a${" ".repeat(15_000)}b`,
    ]) {
      const startedAt = performance.now();
      expect((await upgrade(app, { headers: [["Sec-WebSocket-Protocol", offers]] })).status).toBe(400);
      expect(performance.now() - startedAt).toBeLessThan(200);
    }
  });

  it.each(["x;".repeat(3_000), "permessage-deflate; server_max_window_bits=99"])(
    "A11: the extensions %.30s are not negotiated",
    async (extensions) => {
      const answer = await upgrade(app, { headers: [["Sec-WebSocket-Extensions", extensions]] });
      expect(answer.status === 101 || answer.status === 400).toBe(true);
      expect(answer.headers.has("sec-websocket-extensions")).toBe(false);
    },
  );

  it("A21: a client that resets or ends TCP during its authentication leaves nothing behind", async () => {
    const text = upgradeText(app.credentials("slow-eve"));
    for (let n = 0; n < 10; n++) {
      const { socket } = sendText(app, text);
      await until("the request to be under way", () => socket.bytesWritten >= text.length);
      await pause(20);
      if (n % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    await until("every connection to be removed", async () => (await app.stats()).totalConnections === 1);
  });

  it("A22: an authentication that hangs is answered with 503 within two seconds", async () => {
    const startedAt = performance.now();
    const answer = await handshake({ port: app.port, headers: app.credentials("endless") });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect((await app.events("upgrade_refused")).at(-1)).toMatchObject({
      reason: "handshakeMs",
      code: 503,
    });
  });

  it("A23: a TCP client that sends no request, or half of one, is disconnected", async () => {
    const connections = [sendText(app), sendText(app, "GET /ws HTTP/1.1\r\nHost:")];
    const late = () => "the silent connections to be closed";
    // Node: within `handshakeMs` and one interval of its own checks. Bun: after its own ten seconds of silence.
    const timeoutMs = app.runtime === "node" ? 3_000 : 20_000;
    await within(Promise.all(connections.map(async ({ ended }) => ended)), late, timeoutMs);
  });

  // Bun.serve has no limit for a whole request head: docs/security.md says so.
  if (app.runtime === "node") {
    it("A23: a TCP client that sends one byte at a time is disconnected", async () => {
      const { socket, ended } = sendText(app, "GET /ws HTTP/1.1\r\nX: ");
      const drip = setInterval(() => socket.write("x"), 100);
      await within(ended, () => "the slow connection to be closed", 3_000).finally(() => {
        clearInterval(drip);
      });
    });
  }

  it("A: each rejected upgrade is a security event with its reason, and the log sums them up", async () => {
    const reasons = new Set((await app.events("upgrade_refused")).map(({ reason }) => reason));
    for (const reason of ["bad_request", "subprotocols", "handshakeMs"]) expect(reasons).toContain(reason);
    const lines = ((await app.command("log")) as string[]).filter((line) => line.includes("security event"));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(20);
  });
});
