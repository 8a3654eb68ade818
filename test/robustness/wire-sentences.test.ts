// Sentences of PROTOCOL.md that were missing or contradicted the code, each held against both runtimes.
import { expect } from "vitest";
import { channelsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { states } from "../support/protocol-page.ts";
import { UpgradeRejected } from "../support/raw-client.ts";
import { onEachRuntime } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";
import { encodeFrame } from "../support/websocket-frames.ts";

const stateOf = (welcome: Frame, ch: string) => channelsOf(welcome)[ch];

/** Sends the same frame twice. @returns the two answers */
async function sendTwice(client: V1Client, frame: Frame, between?: () => Promise<unknown>): Promise<Frame[]> {
  const { $: { id: re } = {} } = frame;
  for (const count of [1, 2]) {
    client.send(frame);
    await until("the answer", () => client.all({ $: { re } }).length === count);
    if (count === 1) await between?.();
  }
  return client.all({ $: { re } });
}

onEachRuntime("PROTOCOL.md on channels and positions", {}, (app) => {
  states(
    "s-W9",
    "The `off` in the result of a `reply` to a send (`result.off`) is the offset of that message, and never moves a position.",
    async () => {
      const ada = await app.v1();
      const answer = await ada.deliver("chat_message", { content: "hello" });
      const own = await ada.seen("chat_message");
      expect(answer["result"]).toMatchObject({ ch: "all", off: own.$?.off });
      expect(answer.$).toEqual({ re: 1 });
    },
  );

  states(
    "s-W9",
    "A connection is subscribed to its own `user:` channel, to `all` unless the application refuses it (`forbidden`, below), and to the rooms that it is in.",
    async () =>
      withoutAll(app, async (page) => {
        const userId = app.user();
        const ada = await app.openV1(userId, page);
        const welcome = await ada.hello();
        expect(stateOf(welcome, "all")).toMatchObject({ recovered: "forbidden" });
        expect(stateOf(welcome, `user:${userId}`)).toMatchObject({ recovered: "new" });
        await app.command("announce", { message: "for all" });
        await app.command("publish", { count: 1, userId });
        await ada.seen("notice");
        expect(ada.all("announcement")).toEqual([]);
      }),
  );

  states(
    "s-W9",
    "A `forbidden` channel is not subscribed and has no new position: its entry has the client's own, or the epoch `-` and the offset 0 where there was none.",
    async () =>
      withoutAll(app, async (page) => {
        const state = { epoch: "-", off: 0, recovered: "forbidden" };
        expect(stateOf(await (await app.openV1(app.user(), page)).hello(), "all")).toMatchObject(state);
        page.positions.set("all", { epoch: "mine", off: 7 });
        const again = await app.openV1(app.user(), page);
        expect(stateOf(await again.hello(), "all")).toMatchObject({
          epoch: "mine",
          off: 7,
          recovered: "forbidden",
        });
      }),
  );

  states(
    "s-W9",
    "Its `gap` is sent only if `hello` had a position for the channel; nothing more of the channel follows on this connection.",
    async () =>
      withoutAll(app, async (page) => {
        const without = await app.openV1(app.user(), page);
        await without.hello();
        page.positions.set("all", { epoch: "mine", off: 7 });
        const withPosition = await app.openV1(app.user(), page);
        await withPosition.hello();
        await app.command("announce", { message: "for all" });
        for (const client of [without, withPosition]) await client.sync();
        expect(without.all({ $: { ch: "all" } })).toEqual([]);
        expect(without.all("gap")).toEqual([]);
        expect(withPosition.all({ $: { ch: "all" } })).toEqual([]);
        expect(withPosition.all("gap")).toMatchObject([{ ch: "all", reason: "forbidden" }]);
      }),
  );

  states(
    "s-W10",
    "With `recovered: true` the `off` is the client's own position, from which the replay goes on, and not the newest offset.",
    async () => {
      const userId = app.user();
      const ada = await app.v1(userId);
      const position = ada.page.positions.get(`user:${userId}`);
      await ada.cut();
      await app.command("publish", { count: 3, userId });
      const again = await app.openV1(userId, ada.page);
      expect(stateOf(await again.hello(), `user:${userId}`)).toMatchObject({ ...position, recovered: true });
      await again.seen({ type: "notice", text: "3" });
    },
  );

  states(
    "s-W10",
    "A position of a channel that the connection does not subscribe to is ignored: a room that is not in `hello.rooms` and was not given, a room whose name is not valid, another user's channel.",
    async () => {
      const page = new Page();
      const others = [`room:${app.room()}`, "room:a\nb", `user:${app.user("bob")}`, "anything"];
      for (const ch of others) page.positions.set(ch, { epoch: "e", off: 1 });
      const ada = await app.openV1(app.user(), page);
      const welcome = await ada.hello();
      await ada.sync();
      expect(others.filter((ch) => stateOf(welcome, ch) !== undefined)).toEqual([]);
      expect([ada.all("gap"), ada.all("left"), ada.all("error")]).toEqual([[], [], []]);
    },
  );
});

/** Runs a test while the application refuses `all`. */
async function withoutAll(app: TestApp, test: (page: Page) => Promise<void>): Promise<void> {
  await app.command("forbid", { room: "all" });
  try {
    await test(new Page());
  } finally {
    await app.command("allow", { room: "all" });
  }
}

onEachRuntime(
  "PROTOCOL.md on sends and requests",
  { limits: { runningRequests: 1, waitingRequests: 1 } },
  (app) => {
    states(
      "s-W10",
      "A message of an ephemeral type may have a `seq`: it is then answered and uses the `seq`, and is delivered without an offset as ever.",
      async () => {
        const [ada, bob] = [await app.v1(), await app.v1()];
        expect(await ada.deliver("typing_indicator", { isTyping: true })).toMatchObject({ type: "reply" });
        expect((await bob.next("typing_indicator")).$).toEqual({ ch: "all" });
        expect(await ada.deliver("note", { text: "the next number" })).toMatchObject({ type: "reply" });
      },
    );

    states(
      "s-W10",
      "Only replies to `request` are stored, also those that are an `error`: a failed request uses its `id`, and the same `id` gets the same error again.",
      async () => {
        const ada = await app.v1();
        const room = app.room();
        const ch = `room:${room}`;
        const request: Frame = { type: "request", name: "echo", input: { value: "a" }, $: { id: "f", ch } };
        const [first, second] = await sendTwice(ada, request, async () => ada.join(room));
        expect(first).toMatchObject({ type: "error", code: "forbidden" });
        expect(second).toEqual(first);
        ada.send({ ...request, $: { id: "g", ch } });
        expect(await ada.answer("g")).toMatchObject({ type: "reply" });
      },
    );

    states(
      "s-W10",
      "A request that is `rate_limited` or `limit_exceeded` has not begun: its `id` is not used, and the same frame may be sent again.",
      async () => {
        const ada = await app.v1();
        const wait = (id: string): Frame => ({
          type: "request",
          name: "wait",
          input: { ms: 100, tag: id },
          $: { id },
        });
        for (const id of ["1", "2"]) ada.send(wait(id));
        const [refused, done] = await sendTwice(ada, wait("3"), async () => ada.answer("2"));
        expect([refused, done]).toMatchObject([{ code: "limit_exceeded" }, { type: "reply", result: "3" }]);
      },
    );

    states(
      "s-W9",
      "A `join`, `leave` or `authenticate` with the same `id` is not stored and runs again: a repeated `join` of a room that the connection is in, and a repeated `leave`, change nothing and are answered by `reply`.",
      async () => {
        const ada = await app.v1();
        const room = app.room();
        const join: Frame = { type: "join", room, $: { id: "j" } };
        const [first, second] = await sendTwice(ada, join, async () =>
          app.command("publish", { count: 1, room }),
        );
        expect([first, second]).toMatchObject([{ type: "reply" }, { type: "reply" }]);
        // It has run again: the position is today's, not the stored one.
        expect(second?.["result"]).not.toEqual(first?.["result"]);
        const left = await sendTwice(ada, { type: "leave", room, $: { id: "l" } });
        expect(left).toMatchObject([{ type: "reply" }, { type: "reply" }]);
        expect(await ada.deliver("note", { text: "a" }, `room:${room}`)).toMatchObject({ code: "forbidden" });
      },
    );
  },
);

const shortRates = {
  limits: { messagesPerSecond: 20, messageBurst: 5, unfinishedMs: 200, heartbeatMs: 100, silenceMs: 400 },
};
onEachRuntime(
  "PROTOCOL.md on connections and rates",
  { ...shortRates, maxConnectionsPerUser: 2, refusedContract: "1" },
  (app) => {
    states("s-W10", "Of two connections with the same attempt the newer one stays.", async () => {
      const [userId, page] = [app.user(), new Page()];
      const older = await app.v1(userId, page);
      page.attempt--;
      const newer = await app.v1(userId, page);
      expect(await older.end()).toMatchObject({ code: 4409 });
      await newer.sync();
    });

    states(
      "s-W10",
      "A user with too many open connections gets 429 before the upgrade, or 4011 where that is known only after it (two upgrades at once, a plain client's late `hello`); or the server closes the user's oldest connection with 4410, as configured.",
      async () => {
        const userId = app.user();
        const outcomes = await Promise.all(
          Array.from({ length: 6 }, async () => {
            const opening = app.open(userId);
            const client = await opening.catch((error: unknown) => error);
            if (client instanceof UpgradeRejected) return client.status;
            const opened = await opening;
            return Promise.race([
              opened.next("user_list").then(() => 101),
              opened.end().then(({ code }) => code),
            ]);
          }),
        );
        expect(outcomes.filter((outcome) => outcome === 101)).toHaveLength(2);
        expect([101, 429, 4011]).toEqual(expect.arrayContaining(outcomes));
        await expect(app.open(userId)).rejects.toEqual(new UpgradeRejected(429));
      },
    );

    states(
      "s-W9",
      "client and server do not share a contract; never sent for a `hello`, which is answered by the close code 4426",
      async () => {
        const ada = await app.openV1(app.user());
        ada.hello({ contract: "1" }).catch(() => undefined);
        expect(await ada.end()).toMatchObject({ code: 4426 });
        expect(ada.frames).toEqual([]);
      },
    );

    states(
      "s-W10",
      "a message stayed unfinished for 10 s (Bun does not see an unfinished message: there the heartbeat closes a peer that sends nothing else)",
      async () => {
        const ada = await app.v1();
        ada.sendBytes(encodeFrame({ length: 60_000n }));
        expect(await ada.end()).toMatchObject({ code: app.runtime === "node" ? 4010 : 4000 });
      },
    );

    states(
      "s-W10",
      "A request that is `rate_limited` or `limit_exceeded` has not begun: its `id` is not used, and the same frame may be sent again.",
      async () => {
        const ada = await app.v1();
        for (let n = 0; n < 20; n++) ada.send({ type: "ping" });
        const count: Frame = { type: "request", name: "echo", input: { value: "a" }, $: { id: "c" } };
        ada.send(count);
        const refused = await ada.answer("c");
        expect(refused).toMatchObject({ code: "rate_limited", retryable: true });
        await until("the reply", async () => {
          ada.send(count);
          await ada.seen((frame) => frame.$?.re === "c" && frame !== refused);
          return ada.all({ type: "reply", $: { re: "c" } }).length > 0;
        });
      },
    );
  },
);
