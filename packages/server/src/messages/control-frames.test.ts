import { afterEach, describe, expect, it, vi } from "vitest";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem => (system = new TestSystem(config));
const NO_RATE_LIMITS = {
  joinsPerSecond: 1e6,
  joinBurst: 1e6,
  messagesPerSecond: 1e6,
  messageBurst: 1e6,
  authenticatesPerSecond: 1e6,
  authenticateBurst: 1e6,
};

afterEach(() => system.expectToEndCleanly());

describe("control frames that wait for the application", () => {
  it("are at most 16 tickets at a time, with 64 more waiting: each further one gets limit_exceeded", async () => {
    const ws = await create({ limits: NO_RATE_LIMITS }).join("ada");
    const connection = system.internals.connections.of(ws);
    const tickets: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const nothing = (): void => undefined;
    const renew = (_connection: unknown, ticket: string): Promise<void> => {
      tickets.push(ticket);
      return held;
    };
    if (connection !== undefined)
      connection.sessionWatch = { opened: nothing, closed: nothing, receive: nothing, stop: nothing, renew };
    for (let n = 0; n < 82; n++)
      system.hand(ws, { type: "authenticate", ticket: String(n), $: { id: `t${String(n)}` } });
    await system.clock.settle();
    expect(tickets).toHaveLength(16);
    expect(ws.received("error").map(({ code, $ }) => [code, $?.re])).toEqual([
      ["limit_exceeded", "t80"],
      ["limit_exceeded", "t81"],
    ]);
    release();
    await system.clock.settle();
    expect(ws.received("reply")).toHaveLength(80);
  });

  it("call authorize no more when the connection has closed", async () => {
    const asked: string[] = [];
    let release = (): void => undefined;
    create({
      limits: NO_RATE_LIMITS,
      builtIns: { presence: false },
      authorize: ({ room }) => {
        if (room === "all") return true;
        asked.push(room);
        return new Promise((resolve) => (release = () => resolve(true)));
      },
    });
    const ws = await system.open("ada");
    for (let n = 0; n < 500; n++) system.hand(ws, { type: "join", room: "a" });
    await system.clock.settle();
    await system.drop(ws);
    release();
    await system.clock.settle();
    expect(asked).toEqual(["a"]);
  });
});

describe("an error of a handler that quotes a client", () => {
  it("is one line of bounded length and its stack on the console, without control characters", async () => {
    const error = vi.spyOn(console, "error").mockReturnValue();
    create({ onError: undefined, logger: undefined });
    system.handlers.on("chat_message", ({ content }) => {
      throw new SyntaxError(`not a number: ${content.repeat(1_000)}`);
    });
    const ws = await system.open("ada");
    await system.say(ws, { type: "chat_message", content: "1\r\n\u001b[2J\u2028" });
    expect(error).toHaveBeenCalledTimes(1);
    const [line = "", ...stack] = String(error.mock.calls[0]?.[0]).split("\n");
    expect(line).toContain("SyntaxError: not a number: 1");
    expect(line.length).toBeLessThan(2_200);
    expect(stack.length).toBeGreaterThan(3);
    for (const frame of stack) expect(frame).toMatch(/^ {4}at /);
    // eslint-disable-next-line no-control-regex -- it is what must not be there
    expect(line + stack.join("")).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/);
  });
});
