import { defineProtocol, message, request } from "@halyard/protocol";
import { messageIdOf } from "@halyard/protocol/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { FakeSocket, ReceivedFrame } from "../../test/fake-socket.ts";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";
import { MAX_SHARING_TABS } from "../limits.ts";

const protocol = defineProtocol({
  clientMessages: { vote: message(z.object({ option: z.int() })) },
  requests: { count: request({ input: z.object({ of: z.string() }), output: z.string() }) },
});
const LEADER = CLIENT_ID;
const TAB = "tabAtabAtabAtabAtabA_1";
const OTHER_TAB = "tabBtabBtabBtabBtabB-2";

let system: TestSystem<typeof protocol>;
/** What the handlers have run, in order. */
let ran: string[];
beforeEach(() => {
  ran = [];
  system = new TestSystem({ protocol, builtIns: { presence: false } });
  system.handlers.on("vote", ({ option }, { user }) => void ran.push(`${user.id} ${String(option)}`));
  system.handlers.onRequest("count", ({ of }, { user }) => {
    ran.push(`${user.id} ${of}`);
    return `${of}, asked by ${user.id}`;
  });
});
afterEach(() => system.expectToEndCleanly());

const vote = (option: number, $: object): object => ({ type: "vote", option, $ });
const sendOf = (tab: string, seq: number): object => vote(seq, { id: `${tab}:${String(seq)}` });
const count = (of: string, id: string): object => ({
  type: "request",
  name: "count",
  input: { of },
  $: { id },
});
const resultId = (frame: ReceivedFrame | undefined): unknown =>
  (frame?.["result"] as { id?: unknown } | undefined)?.id;
const leader = (user = "ada", attempt = 1): Promise<FakeSocket> =>
  system.join(user, { clientId: LEADER, attempt, sharing: true });

describe("a connection that tabs share", () => {
  it("numbers the sends of each tab by itself, and answers with the whole id", async () => {
    const ws = await leader();
    const [first] = await system.ask(ws, sendOf(TAB, 1));
    expect(first).toMatchObject({ type: "reply", $: { re: `${TAB}:1` } });
    expect(resultId(first)).toBe(messageIdOf(TAB, 1));
    await system.say(ws, sendOf(TAB, 2));
    await system.say(ws, sendOf(OTHER_TAB, 1));
    await system.say(ws, vote(1, { seq: 1 }));
    expect(ran).toEqual(["ada 1", "ada 2", "ada 1", "ada 1"]);
    expect(await system.ask(ws, sendOf(OTHER_TAB, 3))).toMatchObject([
      { type: "error", code: "conflict", $: { re: `${OTHER_TAB}:3` } },
    ]);
  });

  it("runs a send once that comes again: on it, on the next connection that the tab shares, and from the tab itself", async () => {
    const ws = await leader();
    await system.say(ws, sendOf(TAB, 1));
    const again = await system.ask(ws, sendOf(TAB, 1));
    const next = await leader("ada", 2);
    expect(await system.ask(next, sendOf(TAB, 1))).toEqual(again);
    expect(ran).toEqual(["ada 1"]);
    // On a connection of its own, the tab has the same number.
    const own = await system.join("ada", { clientId: TAB });
    const result = again[0]?.["result"];
    expect(await system.ask(own, vote(1, { seq: 1 }))).toMatchObject([
      { type: "reply", result, $: { re: 1 } },
    ]);
    expect(await system.ask(own, vote(8, { seq: 1 }))).toMatchObject([{ code: "conflict" }]);
    await system.say(own, vote(2, { seq: 2 }));
    expect(ran).toEqual(["ada 1", "ada 2"]);
    expect(await system.ask(next, sendOf(TAB, 2))).toMatchObject([{ type: "reply" }]);
    expect(ran).toHaveLength(2);
  });

  it("runs a request once that a tab repeats, and keeps the requests of the tabs apart", async () => {
    const ws = await leader();
    const [reply] = await system.ask(ws, count("a", `${TAB}:r1`));
    expect(reply).toMatchObject({ result: "a, asked by ada", $: { re: `${TAB}:r1` } });
    await system.say(ws, count("a", `${TAB}:r1`));
    await system.say(ws, count("b", `${OTHER_TAB}:r1`));
    const own = await system.join("ada", { clientId: TAB });
    expect(await system.ask(own, count("a", "r1"))).toMatchObject([
      { result: "a, asked by ada", $: { re: "r1" } },
    ]);
    expect(ran).toEqual(["ada a", "ada b"]);
  });

  it("uses the number of a tab's send that cannot be read", async () => {
    const ws = await leader();
    await system.say(ws, sendOf(TAB, 1));
    const id = `${TAB}:2`;
    const tooLarge = JSON.stringify({ type: "vote", option: 2, text: "x".repeat(70_000), $: { id } });
    expect(await system.ask(ws, tooLarge)).toMatchObject([{ code: "payload_too_large", $: { re: id } }]);
    expect(await system.ask(ws, sendOf(TAB, 3))).toMatchObject([{ type: "reply" }]);
  });

  it("sends for at most 32 tabs at a time: a frame of one more is limit_exceeded and uses no number, until a tab has been silent for 30 s", async () => {
    const ws = await leader();
    const tabs = Array.from(
      { length: MAX_SHARING_TABS },
      (_, n) => `tab_number_${String(n).padStart(8, "0")}`,
    );
    for (const tab of tabs) {
      expect(await system.ask(ws, sendOf(tab, 1))).toMatchObject([{ type: "reply" }]);
      await system.clock.advance(100);
    }
    for (const frame of [
      sendOf(TAB, 1),
      count("a", `${TAB}:r1`),
      { type: "join", room: "a", $: { id: `${TAB}:r2` } },
    ])
      expect(await system.ask(ws, frame)).toMatchObject([{ code: "limit_exceeded" }]);
    expect(await system.ask(ws, sendOf(tabs[0] ?? "", 2))).toMatchObject([{ type: "reply" }]);
    expect(ran).toHaveLength(MAX_SHARING_TABS + 1);
    // The first tab has sent since: the second has been silent for longest, by 29.9 s and then by 30 s.
    await system.clock.advance(30_000 - 31 * 100 - 100);
    expect(await system.ask(ws, sendOf(TAB, 1))).toMatchObject([{ code: "limit_exceeded" }]);
    await system.clock.advance(100);
    expect(await system.ask(ws, sendOf(TAB, 1))).toMatchObject([{ type: "reply" }]);
    expect(await system.ask(ws, sendOf(OTHER_TAB, 1))).toMatchObject([{ code: "limit_exceeded" }]);
  });
});

it("names no tab on a connection whose hello does not say that tabs share it, whatever the id is", async () => {
  const ws = await system.join("ada");
  const id = "550e8400-e29b-41d4-a716-446655440000:1";
  expect(await system.ask(ws, count("a", id))).toMatchObject([
    { type: "reply", result: "a, asked by ada", $: { re: id } },
  ]);
  expect(await system.ask(ws, { type: "ping", $: { id } })).toMatchObject([{ type: "pong", $: { re: id } }]);
  expect(ran).toEqual(["ada a"]);
});

describe("an id that begins with the client id of another client", () => {
  it("of another user gets neither the results nor the numbers of that user", async () => {
    const [ada, mallory] = [await system.join("ada", { clientId: TAB }), await leader("mallory")];
    await system.say(ada, vote(1, { seq: 1 }));
    await system.say(ada, count("secret", "r1"));
    expect(await system.ask(mallory, count("secret", `${TAB}:r1`))).toMatchObject([
      { result: "secret, asked by mallory" },
    ]);
    // The server counts the numbers of a client id for each user apart. Of a new client it takes any number as the first.
    expect(await system.ask(mallory, sendOf(TAB, 7))).toMatchObject([{ type: "reply" }]);
    expect(await system.ask(ada, vote(2, { seq: 2 }))).toMatchObject([{ type: "reply", $: { re: 2 } }]);
    expect(ran).toEqual(["ada 1", "ada secret", "mallory secret", "mallory 7", "ada 2"]);
  });

  it("of the same user uses up a number of that client, which is answered with conflict and is not run twice", async () => {
    const [own, ws] = [await system.join("ada", { clientId: TAB }), await leader()];
    expect(await system.ask(ws, sendOf(TAB, 1))).toMatchObject([{ type: "reply" }]);
    expect(await system.ask(own, vote(9, { seq: 1 }))).toMatchObject([{ code: "conflict", $: { re: 1 } }]);
    expect(await system.ask(own, vote(2, { seq: 2 }))).toMatchObject([{ type: "reply" }]);
    expect(ran).toEqual(["ada 1", "ada 2"]);
  });
});
