import { defineProtocol, message } from "@halyard/protocol";
import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { z } from "zod";
import { afterEach, describe, expect, it } from "vitest";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";

let system: TestSystem;
const create = (): TestSystem => (system = new TestSystem({ builtIns: { presence: false } }));

afterEach(() => system.expectToEndCleanly());

describe("a message handler", () => {
  it("that throws, rejects or hangs gives its sender an error, and affects no other connection", async () => {
    create();
    const secret = new Error("SELECT * FROM users");
    const ways = [
      () => {
        throw secret;
      },
      () => Promise.reject(secret),
      () => ({
        then: () => {
          throw secret;
        },
      }),
      () => new Promise(() => undefined),
    ];
    system.handlers.on("chat_message", ({ content }) => ways[Number(content)]?.());
    const [ada, bea] = [await system.join("ada"), await system.open("bea")];
    for (let seq = 1; seq <= 4; seq++)
      system.hand(ada, { type: "chat_message", content: String(seq - 1), $: { seq } });
    await system.clock.settle();
    expect(await system.ask(ada, { type: "ping" })).toEqual([{ type: "pong" }]);
    await system.clock.advance(30_000);
    expect(ada.received("error")).toMatchObject([{ code: "timeout", $: { re: 4 } }]);
    expect(bea.received("error")).toEqual([]);
    expect(system.errors.map(({ error }) => error)).toMatchObject([
      secret,
      secret,
      secret,
      { code: "timeout" },
    ]);
    expect(ada.texts.join()).not.toContain("SELECT");
  });

  it("that exceeds its time, or whose result does not fit, may have had its effect, and one that throws has refused", async () => {
    const place = message(z.object({ how: z.string() }), { result: z.object({ ply: z.int() }) });
    const contract = new TestSystem({
      protocol: defineProtocol({ clientMessages: { place } }),
      builtIns: { presence: false },
    });
    const ways: Record<string, () => unknown> = {
      late: () => new Promise(() => undefined),
      misfit: () => ({ ply: "one" }),
      refused: () => Promise.reject(new HalyardError("forbidden")),
    };
    contract.handlers.on("place", ({ how }) => ways[how]?.() as { ply: number });
    const ada = await contract.join("ada");
    for (const [index, how] of ["misfit", "refused", "late"].entries())
      await contract.say(ada, { type: "place", how, $: { seq: index + 1 } });
    await contract.clock.advance(30_000);
    expect(ada.received("error")).toMatchObject([
      { code: "internal", mayHaveRun: true, $: { re: 1 } },
      { code: "forbidden", $: { re: 2 } },
      { code: "timeout", mayHaveRun: true, $: { re: 3 } },
    ]);
    expect(ada.received("error")[1]).not.toHaveProperty("mayHaveRun");
  });

  it("gets the message id that its client computes too, and has its signal aborted after 30 s", async () => {
    create();
    const seen: unknown[] = [];
    system.handlers.on("chat_message", (_, { messageId, signal, user }) => {
      seen.push(messageId, user.id);
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(seen.push("aborted"))));
    });
    const ws = await system.join("ada");
    await system.say(ws, { type: "chat_message", content: "a", $: { seq: 7 } });
    await system.clock.advance(30_000);
    expect(seen).toEqual([messageIdOf(CLIENT_ID, 7), "ada", "aborted"]);
  });
});

describe("middleware", () => {
  it("that takes its time lets no message into a room that its sender was removed from [s-P2]", async () => {
    system = new TestSystem({ authorize: () => true, builtIns: { presence: false } });
    const seen: unknown[] = [];
    let proceed = (): void => undefined;
    system.handlers.on("chat_message", ({ content }) => seen.push(content));
    system.handlers.use(async ({ room }, next) => {
      seen.push(`before ${String(room)}`);
      await new Promise<void>((resolve) => (proceed = resolve));
      await next();
    });
    const ws = await system.join("ada", { rooms: ["hall"] });
    const message = { type: "chat_message", content: "a", $: { seq: 1, ch: "room:hall" } };
    system.hand(ws, message);
    await system.clock.settle();
    await system.manager.leave(ws, "hall");
    proceed();
    await system.clock.settle();
    expect(ws.received("error")).toMatchObject([{ code: "forbidden", $: { re: 1 } }]);
    expect(seen).toEqual(["before hall"]);
  });
});
