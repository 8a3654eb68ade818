import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compile, COMPILERS, project } from "../support/typescript.ts";
import { completed } from "./pages.ts";

/** The imports and declarations that the code of the READMEs uses and does not show, block by block. */
const CONTEXTS: Readonly<Record<string, readonly string[]>> = {
  "better-auth": ["", "", ""],
  client: [
    `declare function show(name: string, content: string, replayed?: boolean): void;
     declare function reload(channel: string, reason: string): void;
     declare function ask(question: string): Promise<string>;`,
  ],
  protocol: [
    "",
    `import { message } from "@halyard/protocol";
    import { z } from "zod";`,
    `import { defineProtocol, message, request } from "@halyard/protocol";
    import { z } from "zod";`,
    `import { defineProtocol } from "@halyard/protocol";
    import { z } from "zod";`,
    `import { createWebSocketClient, isErrorOf } from "@halyard/client";
    import { applicationError, defineProtocol, request, type ProtocolOf } from "@halyard/protocol";
    import { z } from "zod";
    declare const left: number;
    declare const amount: number;
    const client = createWebSocketClient<ShopProtocol>({ url: "/ws" });`,
    "",
  ],
  react: [
    `import { createWebSocketClient } from "@halyard/client";
    import { createHalyardReact } from "@halyard/react";
    import type { AppProtocol } from "./protocol.ts";`,
    `import { createHalyardReact } from "@halyard/react";
    import { defineProtocol, request, type ProtocolOf } from "@halyard/protocol";
    import { z } from "zod";
    const Row = z.object({ id: z.string(), content: z.string(), from: z.object({ name: z.string() }) });
    const Before = z.object({ before: z.string().optional() });
    const protocol = defineProtocol({
      requests: { history: request({ input: Before, output: z.array(Row), room: "required" }) },
    });
    interface ChatProtocol extends ProtocolOf<typeof protocol> {}
    const { useMessages, useRoom } = createHalyardReact<ChatProtocol>();
    export { Chat };`,
    `import { createHalyardReact } from "@halyard/react";
    import { defineProtocol, type ProtocolOf } from "@halyard/protocol";
    import { z } from "zod";
    const cursor = z.object({ x: z.number(), y: z.number() }).nullable();
    const protocol = defineProtocol({
      presence: { state: z.object({ status: z.enum(["here", "away"]), cursor }) },
    });
    interface BoardProtocol extends ProtocolOf<typeof protocol> {}
    const { useMyPresence, usePresence } = createHalyardReact<BoardProtocol>();
    export { Cursors };`,
    `import { createHalyardReact } from "@halyard/react";
    import { defineProtocol, message, request, type ProtocolOf } from "@halyard/protocol";
    import { useState } from "react";
    import { z } from "zod";
    const Votes = z.object({ tea: z.int(), version: z.int() });
    type Votes = z.infer<typeof Votes>;
    const protocol = defineProtocol({
      serverMessages: { voted: message(Votes) },
      requests: { votes: request({ output: Votes, room: "required" }) },
    });
    interface PollProtocol extends ProtocolOf<typeof protocol> {}
    const { useMessage, useRequest } = createHalyardReact<PollProtocol>();
    export { Poll };`,
  ],
  redis: ["", ""],
  server: [
    ...["", "", "", "", "", "", "", "", ""],
    `import type { WebSocketManager } from "@halyard/server";
    declare const manager: WebSocketManager;
    declare const db: { readonly members: { delete(member: object): Promise<void> } };
    declare const teamId: string;
    declare const userId: string;`,
    ...["", "", "", ""],
  ],
  testing: ["", "", "", ""],
};

/** The same for the pages of docs whose code no other test runs. */
const DOCS: Readonly<Record<string, readonly string[]>> = {
  frameworks: ["", ""],
  "migrating-from-socket-io": [
    `import type { WebSocketClient } from "@halyard/client";
    import { defineProtocol, request } from "@halyard/protocol";
    import { createWebSocketSystem } from "@halyard/server";
    import { z } from "zod";
    declare const id: string;
    declare function close(id: string): Promise<string>;
    declare function authenticate(): { user: { id: string; role: string } };
    const systemOf = () => createWebSocketSystem({ protocol, authenticate });
    declare const handlers: ReturnType<typeof systemOf>["handlers"];
    declare const client: WebSocketClient<typeof protocol>;`,
    `import { createWebSocketSystem, type ConnectionContext, type GuestIdentity } from "@halyard/server";
    import { protocol } from "./protocol.ts";
    declare const authenticate: () => GuestIdentity;`,
  ],
  scaling: [""],
};

/** Files of the reader. */
const OWN = {
  "client.ts": `import { createWebSocketClient } from "@halyard/client";
    export const client = createWebSocketClient({ url: "/ws" });`,
  "auth.ts": `import { betterAuth } from "better-auth";
    import { admin } from "better-auth/plugins";
    export const auth = betterAuth({ plugins: [admin()] });`,
  "polls.ts": `export { protocol } from "./protocol-1.ts";
    export declare const votes: {
      add(vote: { pollId: string; option: number }, key: readonly [userId: string, messageId: string]): void;
      of(pollId: string): number[];
    };`,
  "protocol.ts": `import { defineProtocol, request, type ProtocolOf } from "@halyard/protocol";
    import { z } from "zod";
    export const protocol = defineProtocol({
      requests: { load_history: request({ input: z.object({ room: z.string() }), output: z.array(z.string()) }) },
      serverRequests: {
        confirm: request({ input: z.object({ question: z.string() }), output: z.object({ answer: z.string() }) }),
      },
    });
    export interface AppProtocol extends ProtocolOf<typeof protocol> {}`,
};

it("every package has a README whose code is checked", () => {
  expect(Object.keys(CONTEXTS).sort()).toEqual(
    readdirSync(join(import.meta.dirname, "../../packages")).sort(),
  );
});

it("the README names the size of the client that .size-limit.json bounds", () => {
  const read = (path: string): string => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
  const [client] = JSON.parse(read(".size-limit.json")) as readonly [{ readonly limit: string }];
  expect(read("README.md")).toContain(`${client.limit} gzipped, without zod`);
});

it.each(COMPILERS)("the code of the packages' READMEs, and of docs, compiles with %s", async (compiler) => {
  const pages = [
    ...Object.entries(CONTEXTS).map(
      ([name, contexts]) => [name, `packages/${name}/README.md`, contexts] as const,
    ),
    ...Object.entries(DOCS).map(([name, contexts]) => [name, `docs/${name}.md`, contexts] as const),
  ];
  const files = pages.flatMap(([name, page, contexts]) =>
    completed(page, contexts).map(
      (code, index) => [`${name}-${String(index + 1)}.${name === "react" ? "tsx" : "ts"}`, code] as const,
    ),
  );
  const options = { jsx: "react-jsx" };
  const directory = project(`pages-${compiler}`, { ...Object.fromEntries(files), ...OWN }, options);
  expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
});
