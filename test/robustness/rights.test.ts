// Rights that change while a connection is open: what is held is asked again, and an answer counts for the newest rights.
import { describe, expect, it } from "vitest";
import { turns } from "../support/bare-socket.ts";
import { Answers, scene, text, textsOf } from "../support/rights-scene.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

describe("an answer of authorize for rights that have changed meanwhile", () => {
  it.each(["join", "hello"])("counts for nothing when a client enters a room by %s [s-S3]", async (way) => {
    const answers = new Answers();
    const { manager, watch, connect } = await scene({ authorize: answers.authorize });
    const page = new Page();
    if (way === "hello") {
      const before = await connect("ada", page);
      await before.join("hall");
      await before.cut();
    }
    const gate = Promise.withResolvers<undefined>();
    const isAsked = (): boolean => answers.asked.includes("join hall");
    answers.asked.length = 0;
    let ada: V1Client;
    if (way === "join") {
      ada = await connect("ada");
      answers.gate = gate.promise;
      ada.send({ type: "join", room: "hall", $: { id: "j" } });
      await until("the question", isAsked);
    } else {
      answers.gate = gate.promise;
      const connecting = connect("ada", page);
      await until("the question", isAsked);
      answers.denied.add("join hall");
      watch.change("ada");
      gate.resolve(undefined);
      ada = await connecting;
    }
    answers.denied.add("join hall");
    if (way === "join") watch.change("ada");
    gate.resolve(undefined);
    answers.gate = undefined;
    if (way === "join") expect(await ada.answer("j")).toMatchObject({ type: "error", code: "forbidden" });
    else {
      await ada.sync();
      expect(ada.all({ type: "left" })).toMatchObject([{ room: "hall", reason: "forbidden" }]);
    }
    await manager.sendToRoom("hall", text("secret"));
    await ada.sync();
    expect(textsOf(ada)).toEqual([]);
  });

  it("counts for nothing when a message is published, and when the list of users is asked for [s-S3]", async () => {
    const answers = new Answers();
    const { watch, connect } = await scene({ authorize: answers.authorize });
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    await ada.join("hall");
    await bob.join("hall");
    for (const question of ["publish hall", "presence hall"]) {
      const gate = Promise.withResolvers<undefined>();
      answers.asked.length = 0;
      answers.gate = gate.promise;
      const answer =
        question === "publish hall"
          ? ada.deliver("chat_message", { content: "too late" }, "room:hall")
          : ada.request("users", { room: "hall" });
      await until("the question", () => answers.asked.includes(question));
      answers.gate = undefined;
      answers.denied.add(question);
      watch.change("ada");
      gate.resolve(undefined);
      expect(await answer).toMatchObject({ type: "error", code: "forbidden" });
    }
    await bob.sync();
    expect(bob.all({ type: "chat_message" })).toEqual([]);
  });
});

describe("rights of an open connection that have changed", () => {
  it("are asked again for everyone's channel, rooms and both lists, and what is lost stops [s-S4]", async () => {
    const answers = new Answers();
    const { manager, watch, connect } = await scene({ authorize: answers.authorize });
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    for (const room of ["hall", "attic"]) await ada.join(room);
    await ada.next({ type: "user_list", room: "attic" });
    answers.asked.length = 0;
    for (const denied of ["join all", "presence all", "join attic", "presence hall"])
      answers.denied.add(denied);
    watch.change("ada");
    await until("the first answer", () => ada.all({ type: "left" }).length > 0);
    expect(ada.all({ type: "left" })).toMatchObject([{ room: "attic", reason: "forbidden" }]);
    expect(ada.all({ type: "gap" })).toMatchObject([{ ch: "all", reason: "forbidden" }]);
    await until("the last answer", () => answers.running === 0);
    expect([...answers.asked].sort()).toEqual([
      "join all",
      "join attic",
      "join hall",
      "presence all",
      // Asked while the answer for the room itself was awaited.
      "presence attic",
      "presence hall",
    ]);
    const count = ada.frames.length;
    answers.denied.clear();
    await bob.join("hall");
    await manager.broadcastMessage(text("to all"));
    await manager.sendToRoom("attic", text("to the attic"));
    await manager.sendToRoom("hall", text("to the hall"));
    await bob.seen({ type: "user_list", room: "hall" });
    await turns(20);
    await ada.sync();
    expect(textsOf(ada)).toEqual(["to the hall"]);
    expect(ada.frames.slice(count).filter(({ type }) => type.startsWith("user_"))).toEqual([]);
  });

  it("withhold a channel while it is asked: it goes on without a hole, or with a gap after 1,000 messages [s-S4]", async () => {
    const answers = new Answers();
    const { manager, watch, connect } = await scene({ authorize: answers.authorize });
    const ada = await connect("ada");
    await ada.join("hall");
    await ada.join("attic");
    await manager.sendToRoom("hall", text(0));
    const gate = Promise.withResolvers<undefined>();
    answers.gate = gate.promise;
    watch.change("ada");
    for (let n = 1; n <= 200; n++) await manager.sendToRoom("hall", text(n));
    for (let n = 0; n <= 1_000; n++) await manager.sendToRoom("attic", text("too many"));
    await ada.sync();
    expect(textsOf(ada)).toEqual(["0"]);
    answers.gate = undefined;
    gate.resolve(undefined);
    expect(await ada.next({ type: "gap" })).toMatchObject({ ch: "room:attic" });
    await manager.sendToRoom("hall", text(201));
    await manager.sendToRoom("attic", text("last"));
    await until("the last message", () => textsOf(ada).includes("last"));
    expect(textsOf(ada)).toEqual([...Array.from({ length: 202 }, (_, n) => String(n)), "last"]);
  });

  it("are asked 16 at once: a hundred rooms take seven answers of authorize, one after the other [s-A3]", async () => {
    const answers = new Answers();
    const { manager, watch, connect } = await scene({ authorize: answers.authorize });
    const ada = await connect("ada");
    const rooms = Array.from({ length: 100 }, (_, n) => `room-${String(n)}`);
    await Promise.all(rooms.map(async (room) => ada.join(room)));
    for (const room of rooms) if (room !== "room-7") answers.denied.add(`join ${room}`);
    answers.delayMs = 100;
    answers.most = 0;
    const startedAt = performance.now();
    watch.change("ada");
    for (const room of rooms) void manager.sendToRoom(room, text(room));
    const isDone = (): boolean => ada.all({ type: "left" }).length === 99;
    await until("99 rooms to be left", () => isDone() || performance.now() - startedAt > 2_500);
    expect(ada.all({ type: "left" })).toHaveLength(99);
    expect(answers.most).toBeLessThanOrEqual(16);
    await until("the room that stays", () => textsOf(ada).length > 0);
    expect(textsOf(ada)).toEqual(["room-7"]);
  });

  it("give up a room whose authorize hangs, when the time for it is over", async () => {
    const { watch, connect } = await scene({
      authorize: ({ user, room }) =>
        room === "hall" && "isStuck" in user ? new Promise<boolean>(() => undefined) : true,
      onError: () => undefined,
    });
    const ada = await connect("ada");
    await ada.join("hall");
    watch.change("ada", { isStuck: true });
    expect(await ada.next({ type: "left" }, 5_000)).toMatchObject({ room: "hall", reason: "forbidden" });
  });
});
