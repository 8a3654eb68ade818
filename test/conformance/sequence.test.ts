import { messageIdOf } from "@halyard/protocol/wire";
import { expect, it } from "vitest";
import { offsetOf } from "../support/frame.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import { idOfSend, Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

onEachRuntimeAndTwoNodes("sends with a sequence number", {}, (app) => {
  it("a send gets a receipt with the id that client and server derive from its number", async () => {
    const [client, other] = [await app.v1(), await app.v1()];
    for (let seq = 1; seq <= 3; seq++) {
      const reply = await client.deliver("chat_message", { content: String(seq) });
      const received = await other.next("chat_message");
      expect(received["id"]).toBe(idOfSend(client.page, seq));
      expect(messageIdOf(client.page.clientId, seq)).toBe(received["id"]);
      expect(reply).toEqual({
        type: "reply",
        result: { id: idOfSend(client.page, seq), ch: "all", off: offsetOf(received) },
        $: { re: seq },
      });
    }
  });

  it("a handler gets the id of the send as messageId", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const reply = await client.deliver("note", { text: "x" });
    const id = idOfSend(client.page, 1);
    expect(reply["result"]).toEqual({ id });
    expect(await app.journal("note", ada)).toMatchObject([{ messageId: id }]);
  });

  it("sends of one connection run in order", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    for (const [ms, tag] of [
      [80, "a"],
      [0, "b"],
      [40, "c"],
      [0, "d"],
    ] as const)
      client.post("wait", { ms, tag });
    await client.answer(4);
    expect((await app.journal("wait", ada)).map(({ tag }) => tag)).toEqual(["a", "b", "c", "d"]);
    expect(client.all("reply").map(({ $ }) => $?.re)).toEqual([1, 2, 3, 4]);
  });

  it("sends of a plain client run in order", async () => {
    const ada = app.user();
    const client = await app.plain(ada);
    for (const [ms, tag] of [
      [60, "a"],
      [0, "b"],
      [0, "c"],
    ] as const)
      client.send({ type: "wait", ms, tag });
    client.send({ type: "wait", ms: 0, tag: "d", $: { seq: 1 } });
    await client.seen({ $: { re: 1 } });
    expect((await app.journal("wait", ada)).map(({ tag }) => tag)).toEqual(["a", "b", "c", "d"]);
  });

  it("a repeated send gets the stored receipt and does not run again", async () => {
    const ada = app.user();
    const [client, other] = [await app.v1(ada), await app.plain()];
    const message = { type: "chat_message", content: "once", $: { seq: 1 } };
    client.send(message);
    const first = await client.next({ $: { re: 1 } });
    for (let n = 0; n < 3; n++) {
      client.send(message);
      expect(await client.next({ $: { re: 1 } })).toEqual(first);
    }
    await other.sync();
    expect(other.all("chat_message")).toHaveLength(1);
    expect(await app.journal("chat", ada)).toHaveLength(1);
  });

  it("a send that arrives twice at once runs once and is answered twice", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const message = { type: "wait", ms: 50, tag: "once", $: { seq: 1 } };
    client.send(message);
    client.send(message);
    const answers = [await client.next({ $: { re: 1 } }), await client.next({ $: { re: 1 } })];
    expect(answers[1]).toEqual(answers[0]);
    expect(await app.journal("wait", ada)).toHaveLength(1);
  });

  it("a send repeated on a new connection while it runs is answered there once it is done", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const message = { type: "wait", ms: 250, tag: "once", $: { seq: 1 } };
    client.send(message);
    await client.sync();
    await client.cut();
    const again = await app.v1(ada, client.page);
    again.send(message);
    expect(await again.answer(1)).toMatchObject({ type: "reply", result: { id: idOfSend(client.page, 1) } });
    expect(await app.journal("wait", ada)).toHaveLength(1);
  });

  it("a send whose receipt was lost gets it after a reconnect, and new sends run after it", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const first = await client.deliver("chat_message", { content: "first" });
    await client.cut();
    const again = await app.v1(ada, client.page);
    again.send({ type: "chat_message", content: "first", $: { seq: 1 } });
    again.send({ type: "chat_message", content: "second", $: { seq: 2 } });
    expect(await again.answer(1)).toEqual(first);
    expect(await again.answer(2)).toMatchObject({ type: "reply" });
    expect((await app.journal("chat", ada)).map(({ content }) => content)).toEqual(["first", "second"]);
  });

  it("a send that skips a number gets conflict, and the expected number is still accepted", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    await client.deliver("note", { text: "one" });
    client.send({ type: "note", text: "three", $: { seq: 3 } });
    expect(await client.answer(3)).toMatchObject({ type: "error", code: "conflict", retryable: false });
    client.send({ type: "note", text: "two", $: { seq: 2 } });
    expect(await client.answer(2)).toMatchObject({ type: "reply" });
    expect((await app.journal("note", ada)).map(({ text }) => text)).toEqual(["one", "two"]);
  });

  it("another message with a used number gets conflict and runs no handler", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    client.send({ type: "note", text: "original", $: { seq: 1 } });
    await client.next({ $: { re: 1 } });
    for (const other of [
      { type: "note", text: "changed" },
      { type: "chat_message", content: "original" },
    ]) {
      client.send({ ...other, $: { seq: 1 } });
      expect(await client.next({ $: { re: 1 } })).toMatchObject({ type: "error", code: "conflict" });
    }
    expect(await app.journal("note", ada)).toHaveLength(1);
  });

  it("a rejected send uses its number and is rejected again when it is repeated", async () => {
    const client = await app.v1();
    client.send({ type: "note", text: "", $: { seq: 1 } });
    expect(await client.next({ $: { re: 1 } })).toMatchObject({ type: "error", code: "invalid_message" });
    client.send({ type: "note", text: "", $: { seq: 1 } });
    expect(await client.next({ $: { re: 1 } })).toMatchObject({ type: "error", code: "invalid_message" });
    client.send({ type: "note", text: "next", $: { seq: 2 } });
    expect(await client.answer(2)).toMatchObject({ type: "reply" });
  });

  it("a send of an unknown type uses its number", async () => {
    const client = await app.v1();
    expect(await client.deliver("nonsense")).toMatchObject({ code: "unknown_type" });
    expect(await client.deliver("note", { text: "next" })).toMatchObject({ type: "reply" });
  });

  it("a repeated send whose handler failed gets the same error and does not run again", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    for (let n = 0; n < 2; n++) {
      client.send({ type: "fail", how: "throws", $: { seq: 1 } });
      expect(await client.next({ $: { re: 1 } })).toMatchObject({ type: "error", code: "internal" });
    }
    expect(await app.journal("fail", ada)).toHaveLength(1);
  });

  it("a skip fills the number of an abandoned send", async () => {
    const client = await app.v1();
    await client.deliver("note", { text: "one" });
    const reply = await client.deliver("skip");
    expect(reply).toEqual({ type: "reply", $: { re: 2 } });
    expect(await client.deliver("note", { text: "three" })).toMatchObject({ type: "reply" });
  });

  it("a client that the server does not remember may begin at any number", async () => {
    const page = new Page();
    page.seq = 41;
    const client = await app.v1(app.user(), page);
    expect(await client.deliver("note", { text: "forty-two" })).toMatchObject({
      type: "reply",
      $: { re: 42 },
    });
    expect(await client.deliver("note", { text: "forty-three" })).toMatchObject({ type: "reply" });
    client.send({ type: "note", text: "late", $: { seq: 41 } });
    expect(await client.answer(41)).toMatchObject({ type: "error", code: "conflict" });
  });

  it("the server remembers the last 32 sends of a client and no more", async () => {
    const client = await app.v1();
    for (let n = 0; n < 33; n++) await client.deliver("note", { text: "same" });
    client.send({ type: "note", text: "same", $: { seq: 2 } });
    const answers = () => client.all({ $: { re: 2 } }).map(({ type }) => type);
    await until("the stored receipt", () => answers().length === 2);
    expect(answers()).toEqual(["reply", "reply"]);
    client.send({ type: "note", text: "same", $: { seq: 1 } });
    expect(await client.next({ $: { re: 1 }, type: "error" })).toMatchObject({ code: "conflict" });
  });

  it("a send gets limit_exceeded when more than 32 wait behind a handler", async () => {
    const client = await app.v1();
    client.post("wait", { ms: 300, tag: "first" });
    for (let n = 0; n < 33; n++) client.post("note", { text: "waits" });
    expect(await client.next("error")).toMatchObject({ code: "limit_exceeded", $: { re: 34 } });
    expect(await client.answer(33)).toMatchObject({ type: "reply" });
  });

  it("two tabs of a user have sequence numbers of their own", async () => {
    const ada = app.user();
    const tabs = [await app.v1(ada), await app.v1(ada)];
    for (const tab of tabs)
      expect(await tab.deliver("note", { text: "mine" })).toMatchObject({ type: "reply", $: { re: 1 } });
    expect(await app.journal("note", ada)).toHaveLength(2);
  });

  it("a send with another user's client id counts for its own user only", async () => {
    const [ada, eve] = [app.user("ada"), app.user("eve")];
    const victim = await app.v1(ada);
    const receipt = await victim.deliver("chat_message", { content: "private" });
    const page = Object.assign(new Page(), { clientId: victim.page.clientId, attempt: 5 });
    const thief = await app.v1(eve, page);
    thief.send({ type: "chat_message", content: "private", $: { seq: 1 } });
    const answer = await thief.answer(1);
    expect(answer).toMatchObject({ type: "reply" });
    expect((answer["result"] as { off: number }).off).not.toBe((receipt["result"] as { off: number }).off);
    await victim.sync();
    expect(victim.isOpen).toBe(true);
    expect(await victim.deliver("note", { text: "still mine" })).toMatchObject({
      type: "reply",
      $: { re: 2 },
    });
  });
});
