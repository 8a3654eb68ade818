// A client that is told `forbidden` or `internal` is told no more: the log names the user, the room, the frame and the rule.
import { HalyardError } from "@halyard/protocol/wire";
import { defineProtocol, message, request } from "@halyard/protocol";
import { expect, it } from "vitest";
import { z } from "zod";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

const protocol = defineProtocol({
  clientMessages: {
    rule: message(z.object({}), { requires: { role: "admin" } }),
    vote: message(z.object({})),
  },
  requests: { load: request({ input: z.void(), output: z.void(), room: "required" }) },
  presence: { state: z.object({ mood: z.string() }) },
});

type Config = TestConfig<typeof protocol>;
type Line = Readonly<Record<string, unknown>>;

const forbid = (): never => {
  throw new HalyardError("forbidden", "Not today.");
};
const fail = (): never => {
  throw new Error("no such table");
};

function createScene(config: Config = {}) {
  const lines: Line[] = [];
  const write = (fields: object, text: string): void => void lines.push({ ...fields, message: text });
  const ignore = (): void => undefined;
  const logger = { debug: ignore, info: ignore, warn: write, error: write };
  const system = new TestSystem<typeof protocol>({ protocol, logger, onError: undefined, ...config });
  system.handlers
    .on("rule", ignore)
    .on("vote", config.authorize === undefined ? ignore : forbid)
    .onRequest("load", fail);
  return { system, lines };
}

const inRoom = { $: { ch: "room:lobby", id: "1" } };
const sent = { $: { ch: "room:lobby", seq: 1 } };
const only =
  (...allowed: string[]): NonNullable<Config["authorize"]> =>
  ({ action }) =>
    allowed.includes(action);
const join = { type: "join", room: "lobby", $: { id: "1" } };
const hello = { clientId: "q3vJm0dZyUe1aXcLr8tWsA", attempt: 1, positions: [] };

it.each<[rule: string, reason: string, config: Config, frames: readonly object[], subject: Line]>([
  ["authorize said no", "join", { authorize: only() }, [join], { type: "join", room: "lobby" }],
  ["there is no authorize", "join", {}, [join], { type: "join", room: "lobby" }],
  [
    "authorize said no",
    "publish",
    { authorize: only("join") },
    [join, { type: "chat_message", content: "hi", ...sent }],
    { type: "chat_message", room: "lobby" },
  ],
  [
    "the user is not in the room",
    "membership",
    { authorize: only() },
    [{ type: "chat_message", content: "hi", ...sent }],
    { type: "chat_message", room: "lobby" },
  ],
  [
    "the user is not in the room",
    "membership",
    { authorize: only() },
    [{ type: "request", name: "load", ...inRoom }],
    { type: "load", room: "lobby" },
  ],
  [
    "builtIns.chat allows it in rooms only",
    "publish",
    { builtIns: { chat: "rooms" } },
    [{ type: "chat_message", content: "hi", $: { seq: 1 } }],
    { type: "chat_message" },
  ],
  [
    "the user lacks the role that the contract requires",
    "role",
    {},
    [{ type: "rule", $: { seq: 1 } }],
    { type: "rule" },
  ],
  [
    "authorize said no",
    "presence",
    { authorize: only("join") },
    [join, { type: "request", name: "users", input: { room: "lobby" }, $: { id: "2" } }],
    { type: "users", room: "lobby" },
  ],
  [
    "builtIns.presence does not allow it",
    "presence",
    { builtIns: { presence: false } },
    [{ type: "request", name: "users", $: { id: "2" } }],
    { type: "users" },
  ],
  [
    "authorize said no",
    "presence",
    { authorize: only("join") },
    [join, { type: "presence_update", room: "lobby", state: { mood: "good" }, $: { id: "2" } }],
    { type: "presence_update", room: "lobby" },
  ],
  [
    "the application threw forbidden",
    "application",
    { authorize: () => true },
    [join, { type: "vote", ...sent }],
    { type: "vote", room: "lobby" },
  ],
  [
    "the application threw forbidden",
    "application",
    { authorize: forbid },
    [join],
    { type: "join", room: "lobby" },
  ],
])(
  "the log says that %s (%s): the user, the room and the frame",
  async (rule, reason, config, frames, subject) => {
    const { system, lines } = createScene(config);
    const ws = await system.join("ada", { ...hello, rooms: [] });
    for (const frame of frames) await system.say(ws, frame);
    const refused = lines.filter(({ kind }) => kind === "forbidden");
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ reason, rule, userId: "ada", ...subject });
    expect(refused[0]?.["room"]).toBe(subject["room"]);
  },
);

it("the log names the rooms that a hello asks for and does not get, and not those of later frames again and again", async () => {
  const { system, lines } = createScene({ authorize: ({ room }) => room === "all" });
  const ws = await system.join("ada", { ...hello, rooms: ["lobby", "staff"] });
  for (let n = 0; n < 5; n++) await system.say(ws, { ...join, room: "staff" });
  const refused = lines.filter(({ kind }) => kind === "forbidden");
  expect(refused.map(({ type, room, rule }) => [type, room, rule])).toEqual([
    ["hello", "lobby", "authorize said no"],
    ["hello", "staff", "authorize said no"],
    ["join", "staff", "authorize said no"],
  ]);
});

it("a user who asks for ever new rooms gets ten lines, and then a count", async () => {
  const limits = { joinBurst: 100, joinsPerSecond: 100 };
  const { system, lines } = createScene({ authorize: only(), limits });
  const ws = await system.join("ada", { ...hello, rooms: [] });
  for (let n = 0; n < 30; n++)
    await system.say(ws, { ...join, room: `room ${String(n)} "${"x".repeat(100)}` });
  await system.clock.advance(10_000);
  const refused = lines.filter(({ kind }) => kind === "forbidden");
  expect(refused).toHaveLength(11);
  expect(refused.at(-1)).toMatchObject({ repeated: 20, reason: "join" });
  expect(refused.at(-1)).not.toHaveProperty("room");
  for (const line of refused) expect(JSON.stringify(line).length).toBeLessThanOrEqual(512);
});

it.each<[what: string, config: Config, frames: readonly object[], type: string]>([
  ["a handler", { authorize: () => true }, [join, { type: "request", name: "load", ...inRoom }], "load"],
  ["authorize", { authorize: fail }, [join], "join"],
])("the log says for which user, room and frame %s threw", async (_what, config, frames, type) => {
  const { system, lines } = createScene(config);
  const ws = await system.join("ada", { ...hello, rooms: [] });
  for (const frame of frames) await system.say(ws, frame);
  const failed = lines.find((line) => line["type"] === type);
  expect(failed).toMatchObject({ userId: "ada", room: "lobby", err: { message: "no such table" } });
});
