// A send or request that a node had begun, and that the next node refuses: two managers over one store.
import { defineProtocol, HalyardError, request } from "@halyard/protocol";
import type { Backplane, WebSocketManagerConfig } from "@halyard/server";
import { expect, it } from "vitest";
import { z } from "zod";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";
import type { Frame, NodeSocket } from "../support/two-nodes.ts";

const ROOM = "lobby";
const CHAT = { type: "chat_message", content: "once", $: { seq: 1, ch: `room:${ROOM}` } };
const ASK = { type: "request", name: "ask", $: { id: "r1", ch: `room:${ROOM}` } };
const REFUSED = { type: "error", code: "forbidden" };

const protocol = defineProtocol({ requests: { ask: request({ input: z.undefined(), output: z.string() }) } });

/** Where a client writes again what it has written on node `a`. */
type Next = (attempt: number, rooms?: readonly string[]) => Promise<NodeSocket>;

interface Scene {
  readonly nodes: TwoNodes;
  readonly first: NodeSocket;
  readonly next: Next;
}

/** A client in the room on node `a`; later on node `b`, and in no room unless it says so. */
async function createScene(
  wrap: (backplane: Backplane) => Backplane = (backplane) => backplane,
  config: WebSocketManagerConfig = {},
): Promise<Scene> {
  const nodes = new TwoNodes(config, {}, (id, backplane) => (id === "a" ? wrap(backplane) : backplane));
  const clientId = newClientId();
  const first = await nodes.connect(nodes.a, "ada", { clientId, rooms: [ROOM] });
  const next: Next = (attempt, rooms = []) => nodes.connect(nodes.b, "ada", { clientId, attempt, rooms });
  return { nodes, first, next };
}

/** What answers this number or id, without where it stands. */
function answerTo({ frames }: NodeSocket, re: number | string): Frame | undefined {
  const answer = frames.find(({ $ }) => ($ as { readonly re?: unknown } | undefined)?.re === re);
  if (answer === undefined) return undefined;
  const { $: _, ...fields } = answer;
  return fields;
}

/** A backplane whose calls take effect, and whose replies are lost. */
function losesReplies(method: "begin" | "publish"): (backplane: Backplane) => Backplane {
  return (backplane) => {
    const call = backplane[method].bind(backplane) as (...args: unknown[]) => Promise<unknown>;
    return Object.assign(backplane, {
      [method]: async (...args: unknown[]) => {
        await call(...args);
        throw new HalyardError("unavailable");
      },
    });
  };
}

it("a send and a request that a dead node had begun, and that the next node refuses, are answered as what may have run [I4]", async () => {
  const { nodes, first, next } = await createScene(undefined, { protocol });
  const { promise, resolve } = Promise.withResolvers<string>();
  nodes.a.handlers.on("chat_message" as never, () => promise);
  for (const { handlers } of [nodes.a, nodes.b]) handlers.onRequest("ask" as never, () => promise as never);
  for (const frame of [CHAT, ASK]) first.say(frame);
  await nodes.run(1_000);
  nodes.shared.freeze("a");
  const answers: unknown[] = [];
  for (const attempt of [2, 3]) {
    const socket = await next(attempt);
    for (const frame of [CHAT, ASK]) socket.say(frame);
    await nodes.run(15_000);
    answers.push([answerTo(socket, 1), answerTo(socket, "r1")]);
  }
  resolve("yes");
  const unknown = { ...REFUSED, mayHaveRun: true };
  expect(answers[0]).toMatchObject([unknown, unknown]);
  expect(answers[1]).toEqual(answers[0]);
});

it("a send whose publish has no known outcome, and that the next node refuses, is answered as what may have run [I4]", async () => {
  const { nodes, first, next } = await createScene(losesReplies("publish"));
  const reader = await nodes.connect(nodes.b, "bea", { rooms: [ROOM] });
  first.say(CHAT);
  await nodes.run(5_000);
  expect(reader.chats).toEqual(["once"]);
  const second = await next(2);
  second.say(CHAT);
  await nodes.run(15_000);
  expect(answerTo(second, 1)).toMatchObject({ ...REFUSED, mayHaveRun: true });
  expect(reader.chats).toEqual(["once"]);
});

it("a send whose publish has no known outcome, and whose sender loses the right meanwhile, is answered as what may have run [I4]", async () => {
  let isAllowed = true;
  const { nodes, first } = await createScene(losesReplies("publish"), {
    authorize: ({ action }) => isAllowed || action !== "publish",
  });
  first.say(CHAT);
  await nodes.run(500);
  isAllowed = false;
  await nodes.run(30_000);
  expect(answerTo(first, 1)).toMatchObject({ ...REFUSED, mayHaveRun: true });
});

it("a send that has run is answered as before, whatever its sender has left or lost since [I4]", async () => {
  let isAllowed = true;
  const { nodes, first, next } = await createScene(undefined, { authorize: () => isAllowed });
  first.say(CHAT);
  await nodes.run(1_000);
  isAllowed = false;
  const second = await next(2);
  second.say(CHAT);
  await nodes.run(1_000);
  expect(answerTo(first, 1)).toMatchObject({ type: "reply" });
  expect(answerTo(second, 1)).toEqual(answerTo(first, 1));
});

it.each([
  ["its first node refuses it", async ({ first }: Scene) => Promise.resolve(first)],
  ["it never reached a node", async ({ next }: Scene) => next(2)],
  [
    "the store did not answer its first node, which gave it back",
    async ({ first, nodes, next }: Scene) => {
      first.say(CHAT);
      await nodes.run(40_000);
      return next(2);
    },
  ],
])("a send is plainly refused where %s [I4]", async (title, connect) => {
  let isAllowed = true;
  const isLost = title.startsWith("the store");
  const scene = await createScene(isLost ? losesReplies("begin") : undefined, {
    authorize: ({ action }) => isAllowed || action !== "publish",
  });
  if (!isLost) isAllowed = false;
  const socket = await connect(scene);
  isAllowed = false;
  socket.say(CHAT);
  await scene.nodes.run(15_000);
  expect(answerTo(socket, 1)).toMatchObject(REFUSED);
  expect(answerTo(socket, 1)).not.toHaveProperty("mayHaveRun");
});
