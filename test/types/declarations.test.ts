// What projects do with the types of Halyard beyond reading them: write declarations of their own modules, and check those of
// their dependencies against the library of an older ECMAScript.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { COMPILERS, compile, project } from "../support/typescript.ts";

/** A module for each thing that applications make once and export. */
const MODULES: Readonly<Record<string, string>> = {
  "protocol.ts": `
    import { defineProtocol, message, request, type ProtocolOf } from "@halyard/protocol";
    import { z } from "zod";
    export const protocol = defineProtocol({
      clientMessages: { vote: message(z.object({ n: z.int() }), { room: "required", result: z.object({ ok: z.boolean() }) }) },
      serverMessages: { votes: message(z.object({ counts: z.array(z.int()) })) },
      requests: { load: request({ input: z.object({ id: z.string() }), output: z.array(z.string()) }) },
      serverRequests: { confirm: request({ output: z.boolean() }) },
      presence: { state: z.object({ status: z.enum(["here", "away"]) }) },
      errors: { full: z.object({ seats: z.int() }) },
    });
    export interface AppProtocol extends ProtocolOf<typeof protocol> {}`,
  "client.ts": `
    import { createWebSocketClient } from "@halyard/client";
    import type { AppProtocol } from "./protocol.ts";
    export const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
    export const { on, send, stores } = client;
    export const room = client.join("general");
    export const sending = room.send("vote", { n: 1 });
    export const rows = client.request("load", { id: "1" });`,
  "server.ts": `
    import { createWebSocketSystem } from "@halyard/server";
    import { attachWebSocketServer } from "@halyard/server/node";
    import { createServer } from "node:http";
    import { protocol } from "./protocol.ts";
    export const system = createWebSocketSystem({
      protocol,
      authenticate: () => ({ user: { id: "ada", role: "admin" } }),
      data: () => ({ visits: 0 }),
    });
    export const { manager, handlers } = system;
    export const detach = attachWebSocketServer(createServer(), { manager });`,
  "react.tsx": `
    import { createHalyardReact } from "@halyard/react";
    import type { AppProtocol } from "./protocol.ts";
    export const hooks = createHalyardReact<AppProtocol>();
    export const { HalyardProvider, useClient, useConnection, useRoom, useMessage, useMessages } = hooks;
    export const { usePresence, useMyPresence, useTyping, useRequest, useSend } = hooks;`,
};

const WRITES_DECLARATIONS = {
  noEmit: false,
  declaration: true,
  emitDeclarationOnly: true,
  outDir: mkdtempSync(join(tmpdir(), "halyard-declarations-")),
  jsx: "react-jsx",
};

afterAll(() => {
  rmSync(WRITES_DECLARATIONS.outDir, { recursive: true });
});

describe.each(COMPILERS)("%s", (compiler) => {
  it("writes the declarations of modules that export a contract, a client, a system and hooks", async () => {
    const directory = project(`declarations-${compiler}`, MODULES, WRITES_DECLARATIONS);
    expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
  });

  it("checks the declarations of the client against the library of ES2020", async () => {
    const files = { "client.ts": MODULES["client.ts"] ?? "", "protocol.ts": MODULES["protocol.ts"] ?? "" };
    const library = { target: "ES2020", lib: ["ES2020", "DOM"], types: [], skipLibCheck: false };
    const directory = project(`library-${compiler}`, files, library);
    const { output } = await compile(compiler, directory);
    expect(output.split("\n").filter((line) => line.includes("packages/"))).toEqual([]);
  });
});
