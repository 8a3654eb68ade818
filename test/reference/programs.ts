// The reference's samples as programs.
// The reference suite compiles them and runs them on Bun.
// Each sample stands in a program word for word, as `reference.test.ts` checks.
import { sampleWith } from "./samples.ts";

/** The samples, completed by their import, a `fetch` that upgrades, and the variables that they assume. */
export function programs(): Readonly<Record<string, string>> {
  return {
    "fetch.ts": FETCH,
    "basic-usage.ts": basicUsage(),
    "custom-handler.ts": customHandler(),
    "broadcasting.ts": broadcasting(),
    "fragments.ts": fragments(),
    "main.ts": MAIN,
  };
}

/** The handler class with four annotations, for `strict`. */
export function strictHandler(): string {
  const parameters = "handle(ws, data, connectedUsers, wsInstances)";
  const annotated =
    "handle(ws: WebSocketInstance<WebSocketData>, data: { content: string }, connectedUsers: ConnectedUsers, wsInstances: WebSocketInstances)";
  const sample = withImport(sampleWith("class CustomMessageHandler"));
  if (!sample.includes(parameters)) throw new Error("The sample's parameters have changed.");
  return `import { MessageHandlerRegistry } from "@halyard/server";
import type { ConnectedUsers, WebSocketData, WebSocketInstance, WebSocketInstances } from "@halyard/server";
${sample.replace(parameters, annotated)}`;
}

function withImport(sample: string): string {
  return sample.replace('"./src/websocket"', '"@halyard/server"');
}

function basicUsage(): string {
  const sample = withImport(sampleWith("const server = Bun.serve({"));
  return `import { fetch } from "./fetch.ts";
${sample.replace("Bun.serve({", "Bun.serve({ fetch,")}
export { manager, server };
`;
}

function customHandler(): string {
  return `import { MessageHandlerRegistry } from "@halyard/server";
${withImport(sampleWith("class CustomMessageHandler"))}
export { registry };
`;
}

function broadcasting(): string {
  return `import type { WebSocketManager } from "@halyard/server";
export function broadcast(wsManager: WebSocketManager): void {
${sampleWith("// Broadcast to all users")}
}
export function debug(wsManager: WebSocketManager): void {
${sampleWith('console.log("Connection stats:"')}
}
`;
}

/** The snippets that are parts of a program: each in the smallest code that completes it. */
function fragments(): string {
  const elision = "// ... other validations";
  const validation = sampleWith(elision).replace(elision, "data.content !== undefined");
  return `import { createWebSocketSystem } from "@halyard/server";
import type { ConnectedUser, ConnectedUsers, MessageHandler, WebSocketData, WebSocketInstance, WebSocketInstances } from "@halyard/server";

export const message = ${sampleWith('type: "message_type"')};

export interface State { ${sampleWith("connectedUsers: Map<string, ConnectedUser>")} }
export const users = (state: State): ConnectedUsers => state.connectedUsers;

export class Validator {
  messageType = "custom_message";
  ${validation}
}

export function process(handler: MessageHandler, ws: WebSocketInstance<WebSocketData>, data: unknown) {
  const connectedUsers: ConnectedUsers = new Map();
  const wsInstances: WebSocketInstances = new Map();
  ${sampleWith("handler.handle(ws, data, connectedUsers, wsInstances)")}
}

export function sendIfOpen(ws: WebSocketInstance<WebSocketData>, message: string) {
  ${sampleWith("ws.readyState === WebSocket.OPEN")}
}

export class Logging {
  constructor(readonly config: { verboseLogging: boolean }) {}
  opened(email: string) {
    ${sampleWith("this.config.verboseLogging")}
  }
}

export function verbose() {
  ${sampleWith("const { manager } = createWebSocketSystem({")}
  return manager;
}

export function limits() {
  ${sampleWith("// Reasonable limit for most applications")}
}
`;
}

/** The user of a connection, which the sample's server lacks. A real server would read a session. */
const FETCH = `export function fetch(request: Request, server: Bun.Server<undefined>): Response | undefined {
  const userId = new URL(request.url).searchParams.get("user") ?? undefined;
  const upgrading: { upgrade(request: Request, options: { data: unknown }): boolean } = server as never;
  return upgrading.upgrade(request, { data: { userId, name: userId } }) ? undefined : new Response(null, { status: 426 });
}
`;

/** Runs all samples in one process, which takes commands over standard input and prints to its console. */
const MAIN = `import { createWebSocketSystem } from "@halyard/server";
import { createInterface } from "node:readline";
import { manager, server } from "./basic-usage.ts";
import { broadcast, debug } from "./broadcasting.ts";
import { registry } from "./custom-handler.ts";
import { fetch } from "./fetch.ts";
import { Logging, process as handle, sendIfOpen, Validator, verbose } from "./fragments.ts";

const custom = createWebSocketSystem({ handlers: registry });
const customServer = Bun.serve({
  fetch,
  websocket: {
    open: (ws) => custom.manager.handleOpen(ws),
    message: (ws, message) => custom.processMessage(ws, message),
    close: (ws) => custom.manager.handleClose(ws),
  },
});
const sent: string[] = [];
const ws = { data: { userId: "x" }, readyState: WebSocket.OPEN as number, send: (text: string) => sent.push(text), close() {} };
const commands: Record<string, () => void> = {
  broadcast: () => broadcast(manager),
  debug: () => debug(manager),
  fragments() {
    handle({ messageType: "x", validate: () => true, handle() { throw new Error("planned"); } }, ws, {});
    sendIfOpen(ws, "open");
    sendIfOpen({ ...ws, readyState: WebSocket.CLOSED }, "closed");
    new Logging({ verboseLogging: true }).opened("ada@example.com");
    console.log("Sent:", sent.join());
    console.log("Valid:", new Validator().validate({ type: "custom_message", content: "x" }));
    console.log("Verbose:", verbose().getConnectionStats().totalUsers);
  },
};
createInterface({ input: process.stdin }).on("line", (line) => commands[line]?.()).on("close", () => process.exit(0));
console.log("Ports:", server.port, customServer.port);
`;
