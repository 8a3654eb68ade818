// Every limit of the server at ten times its default: it works through connect, resume, send and request, or the system is not made.
// The list is that of the server: a new limit without an entry here fails the first test.
import { createWebSocketClient } from "@halyard/client";
import { createWebSocketSystem, DEFAULT_LIMITS } from "@halyard/server";
import type { ServerLimits } from "@halyard/server";
import { describe, expect, it } from "vitest";
import WebSocket from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { channelsOf } from "../support/frame.ts";
import { scene, text } from "../support/rights-scene.ts";
import { onEachRuntime } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const KIB = 1024;

/** `works` at ten times its default, or `refused` with the bound that its error names. */
const LIMITS = {
  messageBytes: "works",
  messagesPerSecond: "works",
  messageBurst: "works",
  bytesPerSecond: "works",
  byteBurst: "works",
  chatPerSecond: "works",
  chatBurst: "works",
  joinsPerSecond: "works",
  joinBurst: "works",
  typingPerSecond: "works",
  typingBurst: "works",
  userMessagesPerSecond: "works",
  userMessageBurst: "works",
  userBytesPerSecond: "works",
  userByteBurst: "works",
  userChatPerSecond: "works",
  userChatBurst: "works",
  userJoinsPerSecond: "works",
  userJoinBurst: "works",
  rooms: "works",
  ephemeralIntervalMs: "works",
  userWaitingSends: "works",
  channelBytesPerSecond: "works",
  channelByteBurst: "works",
  waitingSends: "works",
  // A repeated request finds its reply: 96 are stored of a client.
  runningRequests: { bound: "96" },
  waitingRequests: { bound: "96" },
  unansweredRequests: "works",
  handlerMs: "works",
  slowBytes: "works",
  maxBufferedBytes: "works",
  stalledMs: "works",
  helloMs: "works",
  unfinishedMs: "works",
  pingsPerSecond: "works",
  closeMs: "works",
  refusedUpgradesPerSecond: "works",
  refusedUpgradeBurst: "works",
  acceptedUpgradesPerSecond: "works",
  acceptedUpgradeBurst: "works",
  authenticatesPerSecond: "works",
  authenticateBurst: "works",
  handshakesPerAddress: "works",
  handshakes: "works",
  sheddingLagMs: "works",
  handshakeMs: "works",
  subprotocols: "works",
  // A peer that is not pinged in time would be closed as silent; with `silenceMs` it may be raised (below).
  heartbeatMs: { bound: "silenceMs (35000)" },
  silenceMs: "works",
  leaveGraceMs: "works",
  presenceBatchMs: "works",
  presenceStateBytes: "works",
  presenceStateIntervalMs: "works",
  presenceStateUsers: "works",
  historyMessages: "works",
  historyBytes: "works",
  historyMs: "works",
  historyTotalBytes: "works",
} satisfies Record<keyof ServerLimits, "works" | { readonly bound: string }>;

const names = Object.keys(LIMITS) as (keyof ServerLimits)[];
const timesTen = (name: keyof ServerLimits): Partial<ServerLimits> => ({ [name]: 10 * DEFAULT_LIMITS[name] });

it("the list has every limit of the server", () => {
  expect(names.toSorted()).toEqual(Object.keys(DEFAULT_LIMITS).toSorted());
});

describe("at ten times its default,", () => {
  it.each(names)(
    "%s works with the client, or names its bound when the system is made [s-D10]",
    async (name) => {
      const expected: string | { readonly bound: string } = LIMITS[name];
      if (typeof expected === "object") {
        const make = (): unknown => createWebSocketSystem({ limits: timesTen(name), logger: undefined });
        expect(make).toThrow(TypeError);
        expect(make).toThrow(`limits.${name}`);
        expect(make).toThrow(expected.bound);
        return;
      }
      await useWithClient(timesTen(name));
    },
  );
});

/** Connects, joins, sends, asks, is cut off, and gets what it missed. */
async function useWithClient(limits: Partial<ServerLimits>): Promise<void> {
  const { url, manager, handlers } = await scene({ authorize: () => true, limits });
  handlers.onRequest("echo", ({ value }) => ({ value }));
  const backoff = { minMs: 1, baseMs: 1 };
  const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket, backoff });
  const heard: string[] = [];
  const room = client.join("hall");
  room.on("notice", (message) => void heard.push(message.text));
  await room.ready;
  expect(await room.send("chat_message", { content: "hi" })).toMatchObject({ status: "delivered" });
  expect(await client.request("echo", { value: "x" })).toEqual({ value: "x" });
  // The socket closes, and takes nothing more.
  for (const ws of manager.wsInstances.get("ada") ?? []) ws.close(4000);
  await manager.sendToRoom("hall", text("missed"));
  await until("the missed message", () => heard.includes("missed"));
  expect(await client.send("chat_message", { content: "again" })).toMatchObject({ status: "delivered" });
  client.close();
}

const all: Partial<ServerLimits> = Object.fromEntries(
  names
    .filter((name) => LIMITS[name] === "works" || name === "heartbeatMs")
    .map((name) => [name, 10 * DEFAULT_LIMITS[name]]),
);

onEachRuntime(
  "every limit at ten times its default",
  { limits: all, builtIns: { presence: false } },
  (app) => {
    /** As long as a name may be: 128 code points. */
    const nameOf = (n: number): string => `${String(n).padStart(4, "0")}${"😀".repeat(124)}`;

    it("lets a client into a thousand rooms with long names, and resume in all of them [s-D10]", async () => {
      const [ada, page] = [app.user("ada"), new Page()];
      for (let n = 0; n < 1_000; n++) page.rooms.add(nameOf(n));
      const first = await app.openV1(ada, page);
      const roomsIn = (welcome: object): number =>
        Object.entries(channelsOf(welcome as never)).filter(
          ([ch, { recovered }]) => ch.startsWith("room:") && recovered !== "forbidden",
        ).length;
      expect(await first.hello().then(roomsIn, String)).toBe(1_000);
      await first.cut();
      await app.command("publish", { count: 1, room: nameOf(999) });
      const second = await app.openV1(ada, page);
      expect(roomsIn(await second.hello())).toBe(1_000);
      await second.next({ type: "notice", text: "1" });
    });

    it("takes a message of 640 KiB, and gives it to a reader and to one that resumes [s-D10]", async () => {
      const content = "é".repeat(319 * KIB);
      const room = app.room();
      const [bob, page] = [app.user("bob"), new Page()];
      const [ada, reader] = [await app.openV1(app.user()), await app.openV1(bob, page)];
      for (const client of [ada, reader]) {
        await client.hello();
        await client.join(room);
      }
      expect(await ada.deliver("chat_message", { content }, `room:${room}`)).toMatchObject({ type: "reply" });
      expect((await reader.next("chat_message"))["content"]).toHaveLength(content.length);
      await reader.cut();
      const again = await app.openV1(bob, page);
      await again.hello();
      expect(await again.deliver("chat_message", { content: "short" }, `room:${room}`)).toMatchObject({
        type: "reply",
      });
      await again.seen({ type: "chat_message", content: "short" });
    });
  },
);

it("the client itself is in a thousand rooms, and sends a message of 640 KiB, where the server takes them [s-D10]", async () => {
  const rates = { messagesPerSecond: 1e5, messageBurst: 1e5, joinsPerSecond: 1e5, joinBurst: 1e5 };
  const limits = { ...rates, rooms: 1_000, messageBytes: 640 * KIB };
  const { url, manager } = await scene({ authorize: () => true, builtIns: { presence: false }, limits });
  const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket });
  await until("the welcome", () => client.state.status === "open");
  const rooms = Array.from({ length: 1_000 }, (_, n) => client.join(`r${String(n)}`));
  const states = await Promise.all(rooms.map(async (room) => room.ready));
  expect(new Set(states.map(({ status }) => status))).toEqual(new Set(["joined"]));
  expect(await client.send("chat_message", { content: "x".repeat(639 * KIB) })).toMatchObject({
    status: "delivered",
  });
  for (const ws of manager.wsInstances.get("ada") ?? []) ws.close(4000);
  await until("the reconnect", () => client.state.status !== "open");
  await until("the rooms", () => rooms.every(({ state }) => state.status === "joined"));
  client.close();
});

describe("a user id", () => {
  it.each([196, 900])(
    "of %i characters connects, resumes and gets its own messages [s-D10]",
    async (length) => {
      const id = "i".repeat(length);
      const { manager, connect } = await scene({ authorize: () => true });
      const page = new Page();
      const first = await connect(id, page);
      await first.cut();
      await until("the close", () => manager.getConnectionStats().totalConnections === 0);
      await manager.sendToUser(id, text("missed"));
      const isMissed = { type: "notice", text: "missed" };
      const again = connect(id, page).then(async (client) => client.next(isMissed), String);
      expect(await again).toMatchObject(isMissed);
    },
  );

  it("that fits no profile is refused before the upgrade, and onError says how long it may be [s-D10]", async () => {
    const errors: string[] = [];
    const { connect } = await scene({ onError: (error) => errors.push(String(error)) });
    await expect(connect("i".repeat(901))).rejects.toThrow();
    expect(errors).toEqual([expect.stringContaining("a text of 1 to 900 bytes")]);
  });
});
