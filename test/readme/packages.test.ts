import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compile, COMPILERS, project } from "../support/typescript.ts";
import { completed } from "./pages.ts";

/** What the pages use and do not show, block by block: imports, and things of the reader's own. */
const CONTEXTS: Readonly<Record<string, readonly string[]>> = {
  "better-auth": [
    `import { DatabaseSync } from "node:sqlite";
     const database = new DatabaseSync("app.db");
     declare function audit(email: string, content: string): void;`,
    "",
  ],
  client: [
    `declare function show(name: string, content: string, replayed?: boolean): void;
     declare function reload(channel: string, reason: string): void;
     declare function ask(question: string): Promise<string>;`,
  ],
  protocol: [""],
  server: ["", ""],
  testing: [
    `import { createTestClock, createTestNetwork } from "@halyard/testing";
     import { createWebSocketSystem } from "@halyard/server";
     import { expect } from "vitest";
     import { protocol } from "./votes.ts";`,
    `import { createWebSocketClient } from "@halyard/client";
     import type { WebSocketClient } from "@halyard/client";
     import { createFaultProxy } from "@halyard/testing/node";
     declare const port: number;
     declare function until(client: WebSocketClient, status: "open" | "waiting"): Promise<void>;`,
    `import { createWebSocketClient } from "@halyard/client";
     import { createDeliveryChecker, createDeliveryRecorder, createNemesis } from "@halyard/testing";
     import { createFaultProxy, proxyFaults } from "@halyard/testing/node";
     import { expect } from "vitest";
     const proxy = await createFaultProxy({ target: { port: 3000 } });
     const url = \`ws://127.0.0.1:\${String(proxy.port)}/ws\`;`,
  ],
};

/** Contracts of the reader's own. */
const OWN = {
  "protocol.ts": `import { defineProtocol, request, type ProtocolOf } from "@halyard/protocol";
    import { z } from "zod";
    export const protocol = defineProtocol({
      requests: { load_history: request({ input: z.object({ room: z.string() }), output: z.array(z.string()) }) },
      serverRequests: {
        confirm: request({ input: z.object({ question: z.string() }), output: z.object({ answer: z.string() }) }),
      },
    });
    export interface AppProtocol extends ProtocolOf<typeof protocol> {}`,
  "auth.ts": `import { betterAuth } from "better-auth";
    import { admin } from "better-auth/plugins";
    export const auth = betterAuth({ plugins: [admin()] });`,
  "polls.ts": `export { protocol } from "./protocol-1.ts";
    export declare const votes: {
      add(vote: { pollId: string; option: number }, userId: string): void;
      of(pollId: string): number[];
    };`,
  "votes.ts": `import { defineProtocol, message } from "@halyard/protocol";
    import { z } from "zod";
    export const protocol = defineProtocol({
      clientMessages: { poll_vote: message(z.object({ option: z.int() })) },
      serverMessages: { poll_result: message(z.object({ votes: z.array(z.int()) })) },
    });`,
};

it("every package has a page", () => {
  expect(Object.keys(CONTEXTS).sort()).toEqual(
    readdirSync(join(import.meta.dirname, "../../packages")).sort(),
  );
});

it.each(COMPILERS)("the code of the packages' pages compiles with %s", async (compiler) => {
  const files = Object.entries(CONTEXTS).flatMap(([name, contexts]) =>
    completed(`packages/${name}/README.md`, contexts).map(
      (code, index) => [`${name}-${String(index + 1)}.ts`, code] as const,
    ),
  );
  const directory = project(`pages-${compiler}`, { ...Object.fromEntries(files), ...OWN });
  expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
});
