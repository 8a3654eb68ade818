// The loggers that people have: the real pino, the real winston, and `console`.
import { createWebSocketClient } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import type { Logger } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { betterAuthAuthenticator } from "@halyard/better-auth";
import { betterAuth } from "better-auth";
import { createServer } from "node:http";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import winston from "winston";
import { handshake } from "../support/handshake.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { until } from "../support/wait.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  vi.restoreAllMocks();
});

type Config = Parameters<typeof createWebSocketSystem>[0];

async function serve(config: Config): Promise<number> {
  const { manager, handlers } = createWebSocketSystem({
    authenticate: () => ({ user: { id: "ada" } }),
    ...config,
  });
  handlers.on("chat_message", function failingHandler() {
    throw new RangeError("no such room");
  });
  const server = createServer();
  attachWebSocketServer(server, { manager });
  const port = await listenOnLoopback(server);
  ends.push(
    () => server.close(),
    () => manager.close(),
  );
  return port;
}

/** One error of a handler, and one warning: a room without `authorize`. */
async function makeLines(logger: Logger): Promise<void> {
  const client = createWebSocketClient({ url: `ws://127.0.0.1:${String(await serve({ logger }))}/ws` });
  ends.push(() => {
    client.close();
  });
  await client.send("chat_message", { content: "hello" });
  await client.join("lobby").ready;
}

class Lines extends Writable {
  readonly lines: Record<string, unknown>[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().trim().split("\n")) this.lines.push(JSON.parse(line) as never);
    done();
  }
}

const FAILED = "the application's code failed";
const REFUSED = expect.stringContaining(
  "rooms are refused until the application says who may join",
) as string;
const STACK = expect.stringMatching(
  /^RangeError: no such room\n(.*\n)* {4}at .*failingHandler(.*\n){4}/,
) as string;

it("pino gets an error as err, with its whole stack, and the message [s-H9]", async () => {
  const out = new Lines();
  await makeLines(pino(out));
  await until("two lines", () => out.lines.length >= 2);
  expect(out.lines).toContainEqual(
    expect.objectContaining({
      level: 50,
      msg: FAILED,
      type: "chat_message",
      err: expect.objectContaining({ type: "RangeError", message: "no such room", stack: STACK }) as object,
    }),
  );
  expect(out.lines).toContainEqual(expect.objectContaining({ level: 40, msg: REFUSED, room: "lobby" }));
});

function linesTo(stream: Lines): winston.transport {
  // Its type in winston is an interface beside the class.
  const transport: unknown = new winston.transports.Stream({ stream });
  return transport as winston.transport;
}

it.each([
  ["a logger", (options: winston.LoggerOptions) => winston.createLogger(options)],
  ["a child", (options: winston.LoggerOptions) => winston.createLogger(options).child({ service: "chat" })],
])("winston: %s gets the message, the fields and the whole stack [s-H9]", async (_what, make) => {
  const stream = new Lines();
  await makeLines(make({ format: winston.format.json(), transports: [linesTo(stream)] }));
  await until("two lines", () => stream.lines.length >= 2);
  expect(stream.lines).toContainEqual(
    expect.objectContaining({ level: "error", message: FAILED, type: "chat_message", stack: STACK }),
  );
  expect(stream.lines).toContainEqual(
    expect.objectContaining({ level: "warn", message: REFUSED, room: "lobby" }),
  );
});

it("console gets the error with its stack, and the message [s-H9]", async () => {
  const error = vi.spyOn(console, "error").mockReturnValue();
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  await makeLines(console);
  const [fields, message] = (error.mock.calls[0] ?? []) as readonly unknown[];
  expect(message).toBe(FAILED);
  expect(inspect(fields)).toContain("failingHandler");
  expect(warn.mock.calls).toContainEqual([{ room: "lobby" }, REFUSED]);
});

it("the authenticator of Better Auth gives winston its message, and is silent with false [s-H9]", async () => {
  const auth = betterAuth({
    baseURL: "http://localhost:1",
    secret: "a secret of thirty-two characters",
    logger: { disabled: true },
  });
  const stream = new Lines();
  const logger = winston.createLogger({ transports: [linesTo(stream)] });
  const said: string[] = [];
  for (const level of ["warn", "error"] as const)
    vi.spyOn(console, level).mockImplementation((line: string) => void said.push(line));
  for (const option of [logger, false] as const) {
    const port = await serve({
      authenticate: betterAuthAuthenticator(auth, { logger: option }),
      logger: false,
    });
    const headers = [["Origin", "https://evil.example"] as const, ["Cookie", "a=1"] as const];
    expect((await handshake({ port, host: "localhost", headers })).status).toBe(403);
  }
  await until("a line", () => stream.lines.length > 0);
  expect(stream.lines).toMatchObject([
    {
      level: "warn",
      message: expect.stringContaining("https://evil.example") as string,
      event: "origin_refused",
    },
  ]);
  expect(said).toEqual([]);
});
