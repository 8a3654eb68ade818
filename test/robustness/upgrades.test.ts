import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { binaryOf } from "../support/app-server.ts";
import type { Header } from "../support/handshake.ts";
import { handshake, requestText, upgradeText } from "../support/handshake.ts";
import { Program } from "../support/program.ts";
import { until, within } from "../support/wait.ts";

/** Opens a TCP connection, sends an upgrade, and resolves once the bytes are written. */
async function sendUpgrade(port: number, target: string): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.write(upgradeText([], target), () => {
      resolve();
    });
  });
  return socket;
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code));

const isAlive = async (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${String(port)}/page`).then(
    async (response) => (await response.text()) === "page /page",
    () => false,
  );

async function firstMessage(port: number, path: string): Promise<string> {
  const ws = new WebSocket(`ws://127.0.0.1:${String(port)}${path}`);
  const message = new Promise<string>((resolve, reject) => {
    ws.once("message", (data: Buffer) => {
      resolve(data.toString());
    });
    ws.once("error", reject);
  });
  try {
    return await within(message, () => `a message on ${path}`);
  } finally {
    ws.terminate();
  }
}

describe.each(["node", "bun"] as const)("a server that several things share, on %s", (runtime) => {
  describe.each(["nothing", "a second system", "a path-filtering listener"])("with %s beside", (beside) => {
    let program: Program;
    let port = 0;

    beforeAll(async () => {
      program = new Program(binaryOf(runtime), ["fixtures/shared-server.ts", beside], {
        cwd: `${import.meta.dirname}/..`,
      });
      port = Number((await program.prints(/port (\d+)/))[1]);
    });
    afterAll(async () => {
      await program.end();
    });

    it("goes on when clients reset upgrades to a path that no system serves [s-K1]", async () => {
      for (let n = 0; n < 20; n++) {
        const socket = await sendUpgrade(port, "/nobody");
        // An answer to a later request: the upgrade has been read.
        await isAlive(port);
        socket.resetAndDestroy();
        await isAlive(port);
      }
      expect(await isAlive(port)).toBe(true);
    });

    it("answers an upgrade to a path that no system serves with 404 within the time of a handshake, and closes it [s-K1]", async () => {
      const socket = await sendUpgrade(port, "/nobody");
      let answer = "";
      socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
      await until("the end", () => socket.closed, 1_500).catch(() => undefined);
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(socket.closed).toBe(true);
      socket.destroy();
    });

    it("serves a request of curl --http2 and of Java as the ordinary one that it also is [s-H1]", async () => {
      const socket = connect({ host: "127.0.0.1", port });
      let received = "";
      socket.on("data", (chunk) => (received += chunk.toString("latin1")));
      const headers: readonly Header[] = [
        ["Host", "x"],
        ["Connection", "Upgrade, HTTP2-Settings"],
        ["Upgrade", "h2c"],
        ["HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA"],
      ];
      const post = requestText([...headers, ["Content-Length", "4"]], { method: "POST", target: "/post-" });
      const requests = [
        requestText(headers, { target: "/get" }),
        `${post}body`,
        requestText(headers),
        upgradeText([], "/a"),
      ];
      for (const [index, request] of requests.entries()) {
        socket.write(request);
        await until("an answer", () => statusesOf(received).length > index, 500).catch(() => undefined);
      }
      socket.destroy();
      expect(statusesOf(received)).toEqual([200, 200, 200, 101]);
      expect(received).toContain("page /get");
      expect(received).toContain("page /post-body");
      expect(received).toContain("page /ws");
    });

    it("serves everything that is attached to it [s-K1]", async () => {
      expect(await firstMessage(port, "/a")).toContain("welcome");
      if (beside === "a second system") expect(await firstMessage(port, "/b")).toContain("welcome");
      if (beside === "a path-filtering listener") expect(await firstMessage(port, "/chat")).toBe("chat");
      expect(await handshake({ port, target: "/page", plain: true })).toMatchObject({ status: 200 });
    });
  });
});
