// What a client sends again while the store loses what the client has had run: two managers over one store.
import { defineProtocol, HalyardError, request } from "@halyard/protocol";
import type { Backplane } from "@halyard/server";
import { expect, it } from "vitest";
import { z } from "zod";
import { comeBack, goAway, heard } from "../support/away.ts";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";
import type { Frame, NodeSocket } from "../support/two-nodes.ts";

const protocol = defineProtocol({ requests: { ask: request({ input: z.undefined(), output: z.number() }) } });
const UNKNOWN = { type: "error", code: "unavailable", mayHaveRun: true };

const chat = (content: string, seq: number) => ({ type: "chat_message", content, $: { seq } });
const ask = (id: string) => ({ type: "request", name: "ask", $: { id } });

function answerTo({ frames }: NodeSocket, re: number | string): Frame | undefined {
  return frames.find(({ $ }) => ($ as { readonly re?: unknown } | undefined)?.re === re);
}

/** The store goes away, loses everything and comes back. */
async function lose(nodes: TwoNodes, meanwhile: () => void): Promise<void> {
  await goAway(nodes);
  meanwhile();
  await nodes.run(5_000);
  nodes.shared.clear();
  await comeBack(nodes);
  await nodes.run(15_000);
}

it("a repeated send and a repeated request that wait while the store loses its data do not run again, and what is new does", async () => {
  const nodes = new TwoNodes({ protocol });
  const ran = { a: 0, b: 0 };
  for (const id of ["a", "b"] as const)
    nodes[id].handlers.onRequest("ask" as never, () => ++ran[id] as never);
  const clientId = newClientId();
  const first = await nodes.connect(nodes.a, "ada", { clientId });
  const reader = await nodes.connect(nodes.b, "bea");
  for (const frame of [chat("once", 1), ask("r1")]) first.say(frame);
  await nodes.run(1_000);
  const second = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
  await lose(nodes, () => {
    for (const frame of [chat("once", 1), chat("new", 2), ask("r1"), ask("r2")]) second.say(frame);
  });
  expect([answerTo(second, 1), answerTo(second, "r1")]).toMatchObject([UNKNOWN, UNKNOWN]);
  expect([answerTo(second, 2), answerTo(second, "r2")]).toMatchObject([{ type: "reply" }, { type: "reply" }]);
  expect([reader.chats, ran]).toEqual([["once", "new"], { a: 1, b: 1 }]);
  expect(second.closedWith).toBe(undefined);
});

it("what a client repeats behind a room that is pending does not run when the store comes back without its data, and the next welcome says that it is forgotten", async () => {
  const nodes = new TwoNodes({ protocol });
  const [clientId, rooms] = [newClientId(), ["hall"]];
  const sends = [{ ...chat("in the hall", 1), $: { seq: 1, ch: "room:hall" } }, chat("to all", 2)];
  const first = await nodes.connect(nodes.a, "ada", { clientId, rooms });
  const reader = await nodes.connect(nodes.a, "bea", { rooms });
  for (const send of sends) first.say(send);
  await nodes.run(1_000);
  first.close(1006);
  await goAway(nodes);
  const second = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2, rooms });
  for (const send of sends) second.say(send);
  await nodes.run(5_000);
  nodes.shared.clear();
  await comeBack(nodes);
  await nodes.run(15_000);
  expect(second.closedWith).toBe(1013);
  expect(reader.chats).toEqual(["in the hall", "to all"]);
  const third = await nodes.connect(nodes.a, "ada", { clientId, attempt: 3, rooms });
  expect(third.of("welcome")).toMatchObject([{ forgotten: true }]);
});

it("what waits at a node for a client that has gone on elsewhere does not run again after the store has lost it", async () => {
  let isCutOff = false;
  const nodes = new TwoNodes({}, {}, (id, backplane): Backplane => {
    const begin = backplane.begin.bind(backplane);
    const cut = (...args: Parameters<Backplane["begin"]>): ReturnType<Backplane["begin"]> =>
      isCutOff && id === "a" ? Promise.reject(new HalyardError("unavailable")) : begin(...args);
    return Object.assign(backplane, { begin: cut });
  });
  const clientId = newClientId();
  const sends = [chat("one", 1), chat("two", 2), chat("three", 3)];
  const first = await nodes.connect(nodes.a, "ada", { clientId });
  const reader = await nodes.connect(nodes.b, "bea");
  isCutOff = true;
  for (const send of sends) first.say(send);
  first.close(1006);
  const second = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
  for (const send of sends) second.say(send);
  await nodes.run(1_000);
  expect(reader.chats).toEqual(["one", "two", "three"]);
  nodes.shared.clear();
  isCutOff = false;
  await nodes.run(15_000);
  expect(reader.chats).toEqual(["one", "two", "three"]);
});

/** The replies to what node `a` publishes are lost until `isLossy` is false. */
function createLossy() {
  const state = { isLossy: true };
  const nodes = new TwoNodes({}, {}, (id, backplane): Backplane => {
    const publish = backplane.publish.bind(backplane);
    return Object.assign(backplane, {
      publish: async (...args: Parameters<Backplane["publish"]>) => {
        const result = await publish(...args);
        if (id === "a" && state.isLossy) throw new HalyardError("unavailable");
        return result;
      },
    });
  });
  return { nodes, state };
}

it("a send whose publish has no known outcome does not run again after the store has lost it", async () => {
  const { nodes, state } = createLossy();
  const sender = await nodes.connect(nodes.a, "ada");
  const reader = await nodes.connect(nodes.b, "bea");
  sender.say(chat("once", 1));
  await nodes.run(50);
  expect(reader.chats).toEqual(["once"]);
  await lose(nodes, () => (state.isLossy = false));
  sender.say(chat("new", 2));
  await nodes.run(1_000);
  expect(answerTo(sender, 1)).toMatchObject(UNKNOWN);
  expect(reader.chats).toEqual(["once", "new"]);
});

it("a publish with a key that has no known outcome is not made again after the store has lost it", async () => {
  const { nodes, state } = createLossy();
  const reader = await nodes.connect(nodes.b, "bea");
  const announcement = { type: "announcement", message: "once" } as never;
  const published = nodes.a.manager.broadcastMessage(announcement, { idempotencyKey: "k" });
  await nodes.run(50);
  expect(heard(reader)).toEqual(["once"]);
  nodes.shared.clear();
  state.isLossy = false;
  await nodes.run(15_000);
  expect(await published).toMatchObject({ offset: undefined });
  expect(heard(reader)).toEqual(["once"]);
});
