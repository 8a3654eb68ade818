// Mistakes that are found when something is made: each throws, with the line to write.
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type * as Server from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import {
  cpSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { z } from "zod";
import { expectRow, Scene } from "./scene.ts";

const scene = new Scene();

const protocol = defineProtocol({
  clientMessages: { vote: message(z.object({ option: z.int() })) },
  serverMessages: { voted: message(z.object({ option: z.int() })) },
  requests: { load: request({ input: z.object({}), output: z.array(z.string()) }) },
});

const manager = () => scene.system().manager;

it.each<[id: string, fact: string, mistake: () => unknown]>([
  [
    "missing-authenticate",
    "an attach without authenticate",
    () =>
      attachWebSocketServer(createServer(), { manager: scene.system({ authenticate: undefined }).manager }),
  ],
  [
    "missing-manager",
    "an attach without a manager",
    () => attachWebSocketServer(createServer(), {} as never),
  ],
  [
    "application-as-server",
    "an application in place of its HTTP server",
    () => attachWebSocketServer((() => undefined) as never, { manager: manager() }),
  ],
  [
    "path-pattern",
    "a pattern as path",
    () => attachWebSocketServer(createServer(), { manager: manager(), path: "/ws/:room" }),
  ],
  [
    "path-taken",
    "the same path twice on one server",
    () => {
      const server = createServer();
      for (const _ of [1, 2]) attachWebSocketServer(server, { manager: manager() });
    },
  ],
  ["wrong-zod", "a schema of another library", () => message({ parse: (value: unknown) => value } as never)],
  [
    "reserved-name",
    "a message with the name of a built-in one",
    // @ts-expect-error the types say so, too
    () => defineProtocol({ clientMessages: { error: message(z.object({})) } }),
  ],
  [
    "handler-of-server-message",
    "a handler for a message of the server",
    () => scene.system({ protocol }).handlers.on("voted", () => undefined),
  ],
  [
    "unknown-request",
    "a handler for a request that the contract does not have",
    () => scene.system({ protocol }).handlers.onRequest("laod", () => []),
  ],
  [
    "second-handler",
    "two handlers of one type",
    () => {
      const { handlers } = scene.system({ protocol });
      for (const _ of [1, 2]) handlers.on("vote", () => undefined);
    },
  ],
  [
    "unknown-limit",
    "a limit that there is not",
    () => createWebSocketSystem({ limits: { heartBeatMs: 1 } as never }),
  ],
  [
    "wrong-limit",
    "a limit that cannot work",
    () => createWebSocketSystem({ limits: { messagesPerSecond: 0 } }),
  ],
  [
    "origin-with-path",
    "an allowed origin with a path",
    () => createWebSocketSystem({ allowedOrigins: ["app.example.com"] }),
  ],
  [
    "origin-pattern",
    "an allowed origin with a star",
    () => createWebSocketSystem({ allowedOrigins: ["https://*.example.com"] }),
  ],
  [
    "no-logger",
    "a logger without error",
    () => createWebSocketSystem({ logger: { warn: () => undefined } as never }),
  ],
  [
    "invalid-publish",
    "a message of the server that does not fit its schema",
    () => scene.system({ protocol }).manager.broadcastMessage({ type: "voted", option: "1" }),
  ],
  [
    "server-room-name",
    "a room name of the server that is none",
    () => manager().sendToRoom("", { type: "announcement", message: "" }),
  ],
])("%s: %s throws, with what to write [s-M1]", async (id, _fact, mistake) => {
  await expectRow(id, { throws: mistake });
});

it("port-taken: two servers on one port, as Node says it [s-M1]", async () => {
  const port = await scene.listen(createServer());
  const second = createServer();
  attachWebSocketServer(second, { manager: manager() });
  const failed = new Promise((resolve) => second.once("error", resolve));
  second.listen(port, "127.0.0.1");
  const error = await failed;
  await expectRow("port-taken", { throws: () => error });
});

it("two-copies: a manager of a version that does not fit is named [s-M1]", async () => {
  const own = join(dirname(realpathSync(fileURLToPath(import.meta.resolve("@halyard/server")))), "..");
  const copy = mkdtempSync(join(tmpdir(), "halyard-copy-"));
  try {
    cpSync(join(own, "dist"), join(copy, "dist"), { recursive: true });
    cpSync(join(own, "package.json"), join(copy, "package.json"));
    symlinkSync(join(own, "node_modules"), join(copy, "node_modules"));
    // Versions whose managers differ have names of their own for them.
    for (const file of readdirSync(join(copy, "dist")).filter((name) => name.endsWith(".js"))) {
      const text = readFileSync(join(copy, "dist", file), "utf8");
      writeFileSync(join(copy, "dist", file), text.replaceAll("halyard.managers.", "halyard.managers.0."));
    }
    const path = pathToFileURL(join(copy, "dist/index.js")).href;
    const other = (await import(path)) as typeof Server;
    const system = other.createWebSocketSystem({ authenticate: () => null, logger: false });
    scene.onEnd(() => system.manager.close());
    expect(system.manager).not.toBeInstanceOf(manager().constructor);
    await expectRow("two-copies", {
      throws: () => attachWebSocketServer(createServer(), { manager: system.manager }),
    });
  } finally {
    rmSync(copy, { recursive: true });
  }
});
