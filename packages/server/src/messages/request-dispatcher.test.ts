import { defineProtocol, request } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

const text = z.object({ text: z.string() });
const protocol = defineProtocol({
  requests: {
    echo: request({ input: text, output: text }),
    fresh: request({ input: text, output: text, repeatable: true }),
    admin: request({ input: text, output: text, requires: { role: "admin" } }),
    nothing: request({ input: z.undefined(), output: z.undefined() }),
  },
});

let system: TestSystem<typeof protocol>;
/** Answers in the order in which the requests came, when the test lets them go. */
let release: (() => void)[];
let runs: string[];

function create(config: TestConfig<typeof protocol> = {}): typeof system {
  release = [];
  runs = [];
  system = new TestSystem({ protocol, authorize: () => true, builtIns: { presence: "rooms" }, ...config });
  const hold = (input: { text: string }): Promise<{ text: string }> => {
    runs.push(input.text);
    return new Promise((resolve) => release.push(() => resolve({ text: `${input.text}!` })));
  };
  system.handlers.onRequest("echo", hold).onRequest("fresh", hold);
  return system;
}

const ask = (id: string | undefined, said = "a", name = "echo"): object => ({
  type: "request",
  name,
  input: { text: said },
  ...(id === undefined ? {} : { $: { id } }),
});

afterEach(async () => {
  for (const each of release) each();
  await system.clock.settle();
  await system.expectToEndCleanly();
});

describe("a request of a client", () => {
  it("gets its own result, in whatever order the results are ready", async () => {
    const ws = await create().join("ada");
    ws.take();
    for (const id of ["1", "2"]) system.hand(ws, ask(id, id));
    await system.clock.settle();
    for (const each of release.toReversed()) {
      each();
      await system.clock.settle();
    }
    expect(ws.received()).toEqual([
      { type: "reply", result: { text: "2!" }, $: { re: "2" } },
      { type: "reply", result: { text: "1!" }, $: { re: "1" } },
    ]);
  });

  it.each([
    ["that the contract does not have", { name: "nonsense" }, "not_found"],
    ["with the name of an inherited property", { name: "constructor" }, "not_found"],
    ["without a handler", { name: "nothing", input: undefined }, "not_found"],
    ["without a name", { name: "" }, "invalid_message"],
    ["with an input that does not fit its schema", { input: { text: 1 } }, "invalid_message"],
    ["that requires a role and has no handler", { name: "admin" }, "not_found"],
  ])("%s gets an error", async (_, change, code) => {
    const ws = await create().open("ada");
    const answer = await system.ask(ws, { ...ask("r1"), ...change });
    expect(answer).toMatchObject([{ type: "error", code, $: { re: "r1" } }]);
  });

  it("that requires a role is answered for users with the role, and forbidden for others", async () => {
    create().handlers.onRequest("admin", (input) => input);
    const [ada, bea] = [await system.open("ada", { role: "user,admin" }), await system.open("bea")];
    expect(await system.ask(ada, ask("r1", "a", "admin"))).toMatchObject([{ type: "reply" }]);
    expect(await system.ask(bea, ask("r1", "a", "admin"))).toMatchObject([{ code: "forbidden" }]);
  });

  it("gets only the fields of its output schema, and gets internal when the result does not fit the schema", async () => {
    create();
    system.handlers.onRequest("admin", ({ text }) =>
      text === "row"
        ? ({ text: "a", password: "secret" } as { text: string })
        : ({ text: 1 } as unknown as { text: string }),
    );
    const ws = await system.open("ada", { role: "admin" });
    expect(await system.ask(ws, ask("1", "row", "admin"))).toMatchObject([{ result: { text: "a" } }]);
    expect(await system.ask(ws, ask("2", "bad", "admin"))).toMatchObject([
      { type: "error", code: "internal" },
    ]);
    expect(system.errors).toMatchObject([
      { error: expect.any(TypeError) as TypeError, context: { type: "admin" } },
    ]);
    expect(ws.texts.join()).not.toContain("secret");
  });

  it("needs no input and gets no result where the contract has none", async () => {
    create().handlers.onRequest("nothing", () => undefined);
    const ws = await system.open("ada");
    expect(await system.ask(ws, { type: "request", name: "nothing", $: { id: "1" } })).toEqual([
      { type: "reply", $: { re: "1" } },
    ]);
  });

  it.each([
    ["a HalyardError", new HalyardError("not_found", "No such poll."), "not_found"],
    ["another error", new Error("SELECT"), "internal"],
  ])("whose handler throws %s gets an error without the text of the failure", async (_, thrown, code) => {
    create().handlers.onRequest("admin", () => Promise.reject(thrown));
    const ws = await system.open("ada", { role: "admin" });
    expect(await system.ask(ws, ask("1", "a", "admin"))).toMatchObject([
      { type: "error", code, $: { re: "1" } },
    ]);
    expect(ws.texts.join()).not.toContain("SELECT");
  });

  it("gets the error timeout after 30 s", async () => {
    const ws = await create().join("ada");
    system.hand(ws, ask("1"));
    await system.clock.advance(30_000);
    expect(ws.received("error")).toMatchObject([{ code: "timeout", retryable: true, $: { re: "1" } }]);
  });
});

describe("the requests of one connection", () => {
  it("run 16 at a time while 64 wait, and one more gets limit_exceeded", async () => {
    const ws = await create({ limits: { messageBurst: 1_000 } }).join("ada");
    for (let n = 0; n < 81; n++) system.hand(ws, ask(String(n), String(n)));
    await system.clock.settle();
    expect(runs).toHaveLength(16);
    expect(ws.received("error")).toMatchObject([{ code: "limit_exceeded", $: { re: "80" } }]);
    for (let n = 0; n < 80; n++) {
      release[n]?.();
      await system.clock.settle();
    }
    expect(runs).toEqual(Array.from({ length: 80 }, (_, n) => String(n)));
  });

  it("do not wait for sends, and sends do not wait for them", async () => {
    const ws = await create().join("ada");
    system.hand(ws, ask("1"));
    await system.say(ws, { type: "chat_message", content: "a", $: { seq: 1 } });
    expect(ws.received("reply").map(({ $ }) => $?.re)).toEqual([1]);
  });

  it("get conflict for an id that is pending, and the first request with the id is still answered", async () => {
    const ws = await create().join("ada");
    for (const said of ["a", "b"]) system.hand(ws, ask("1", said));
    await system.clock.settle();
    release[0]?.();
    await system.clock.settle();
    expect(ws.received("error")).toMatchObject([{ code: "conflict", $: { re: "1" } }]);
    expect(ws.received("reply")).toMatchObject([{ result: { text: "a!" } }]);
    expect(runs).toEqual(["a"]);
  });

  it("never run when they wait while their connection is banned", async () => {
    const ws = await create({ limits: { runningRequests: 1 } }).join("ada");
    for (const id of ["1", "2"]) system.hand(ws, ask(id, id));
    await system.clock.settle();
    await system.manager.disconnectUser("ada", { code: 4403 });
    release[0]?.();
    await system.clock.settle();
    expect(runs).toEqual(["1"]);
  });
});

describe("a request that is repeated after a reconnect", () => {
  async function reconnected(name: string, whileRunning: boolean): Promise<unknown[]> {
    const before = await create().join("ada");
    system.hand(before, ask("1", "a", name));
    await system.clock.settle();
    if (!whileRunning) release[0]?.();
    await system.drop(before);
    const after = await system.join("ada", { attempt: 2 });
    after.take();
    system.hand(after, ask("1", "a", name));
    await system.clock.settle();
    for (const each of release) each();
    await system.clock.settle();
    return after.received();
  }
  const answer = [{ type: "reply", result: { text: "a!" }, $: { re: "1" } }];

  it.each([true, false])(
    "runs once and gets its reply; it still runs at the reconnect: %s",
    async (whileRunning) => {
      expect(await reconnected("echo", whileRunning)).toEqual(answer);
      expect(runs).toEqual(["a"]);
    },
  );

  it("runs again when the contract marks it as repeatable", async () => {
    expect(await reconnected("fresh", false)).toEqual(answer);
    expect(runs).toEqual(["a", "a"]);
  });

  it("runs again when another user uses the same client id and request id", async () => {
    await reconnected("echo", false);
    const eve = await system.join("eve", { attempt: 9 });
    system.hand(eve, ask("1", "a"));
    await system.clock.settle();
    expect(runs).toEqual(["a", "a"]);
  });
});

describe("the request users", () => {
  it("returns all 251 users in pages after a user_list", async () => {
    create({ builtIns: {} });
    const ws = await system.open("ada");
    for (let n = 0; n < 250; n++)
      await system.internals.presence.join({
        ...ws.data,
        id: String(n),
        userId: `u${String(n)}`,
        identity: { user: { id: `u${String(n)}` } },
        client: { user: `u${String(n)}`, client: String(n) },
      } as never);
    const read: unknown[] = [];
    let cursor: string | undefined;
    do {
      const request = { type: "request", name: "users", input: { cursor }, $: { id: "1" } };
      const reply = (await system.ask(ws, request)).find(({ type }) => type === "reply");
      const page = reply?.["result"] as { users: unknown[]; total: number; cursor?: string };
      expect(page.total).toBe(251);
      read.push(...page.users);
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(read).toHaveLength(251);
  });

  it("is forbidden where authorize denies presence, and for rooms that the user is not in", async () => {
    create({ builtIns: {}, authorize: ({ action, room }) => action !== "presence" || room !== "hidden" });
    const ws = await system.join("ada", { rooms: ["a", "hidden"] });
    const users = (input: unknown): Promise<unknown> =>
      system.ask(ws, { type: "request", name: "users", input, $: { id: "1" } });
    expect(await users({ room: "a" })).toMatchObject([{ result: { total: 1 } }]);
    expect(await users(undefined)).toMatchObject([{ result: { total: 1 } }]);
    expect(await users({ room: "hidden" })).toMatchObject([{ code: "forbidden" }]);
    expect(await users({ room: "other" })).toMatchObject([{ code: "forbidden" }]);
    expect(await users({ room: "a\n" })).toMatchObject([{ code: "invalid_message" }]);
    expect(await users({ cursor: 1 })).toMatchObject([{ code: "invalid_message" }]);
  });
});
