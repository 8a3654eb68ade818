/** A contract of a large application, with server and client code that uses all of it. */
export function largeContract(messages: number, requests: number): Readonly<Record<string, string>> {
  const names = Array.from({ length: messages }, (_, n) => `m${String(n)}`);
  const half = names.length / 2;
  const requestNames = Array.from({ length: requests }, (_, n) => `r${String(n)}`);
  const define = (name: string) => `    ${name}: message(${FIELDS}),\n`;
  const defineRequest = (name: string) =>
    `    ${name}: request({ input: ${FIELDS}, output: z.array(${FIELDS}) }),\n`;
  const contract = `import { z } from "zod";
import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
export const protocol = defineProtocol({
  clientMessages: {
${names.slice(0, half).map(define).join("")}  },
  serverMessages: {
${names.slice(half).map(define).join("")}  },
  requests: {
${requestNames.map(defineRequest).join("")}  },
});
export interface AppProtocol extends ProtocolOf<typeof protocol> {}
`;
  return {
    "contract.ts": contract,
    "server.ts": serverOf(names, requestNames),
    "client.ts": clientOf(names, requestNames),
    "consumer.ts": CONSUMER,
  };
}

const FIELDS =
  "z.object({ id: z.string(), count: z.int().default(1), tags: z.array(z.string()), at: z.iso.datetime().optional() })";
const VALUE = `{ id: "x", tags: ["a"] }`;

function serverOf(names: readonly string[], requestNames: readonly string[]): string {
  const half = names.length / 2;
  return `import { createWebSocketSystem } from "@halyard/server";
import { protocol } from "./contract.ts";
const { handlers, manager } = createWebSocketSystem({ protocol });
${names
  .slice(0, half)
  .map((name) => `handlers.on("${name}", (message) => message.tags.length + message.count);\n`)
  .join("")}
${names
  .slice(half)
  .map((name) => `void manager.sendToRoom("r", { type: "${name}", ...${VALUE} });\n`)
  .join("")}
${requestNames.map((name) => `handlers.onRequest("${name}", ({ id }) => [{ id, tags: [] }]);\n`).join("")}`;
}

function clientOf(names: readonly string[], requestNames: readonly string[]): string {
  const half = names.length / 2;
  return `import { createWebSocketClient } from "@halyard/client";
import type { AppProtocol } from "./contract.ts";
const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
${names
  .slice(0, half)
  .map((name) => `void client.send("${name}", ${VALUE});\n`)
  .join("")}
${names
  .slice(half)
  .map((name) => `client.on("${name}", (message) => message.tags.length + message.count);\n`)
  .join("")}
${requestNames.map((name) => `void client.request("${name}", ${VALUE}).then((rows) => rows[0]?.count);\n`).join("")}`;
}

/** A file of an application that exports a client: its declarations must show names, not the contract. */
const CONSUMER = `import { createWebSocketClient } from "@halyard/client";
import type { AppProtocol } from "./contract.ts";
export const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
export const room = client.join("general");
`;
