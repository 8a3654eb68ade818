import { expect, it } from "vitest";
import { offsetOf } from "../support/frame.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";

onEachRuntimeAndTwoNodes("broadcasts", {}, (app) => {
  it("an announcement reaches every client with its id and time", async () => {
    const clients = [await app.plain(), await app.v1()];
    await app.command("announce", { message: "Maintenance in 5 minutes" });
    for (const client of clients) {
      expect(await client.next("announcement")).toEqual({
        type: "announcement",
        id: expect.any(String) as string,
        message: "Maintenance in 5 minutes",
        sentAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        $: { ch: "all", off: expect.any(Number) as number },
      });
    }
  });

  it("broadcastMessage accepts JSON text as in the reference", async () => {
    const client = await app.plain();
    await app.command("announceText", { text: '{"type":"announcement","message":"from text"}' });
    expect(await client.next("announcement")).toMatchObject({ message: "from text" });
  });

  it.each(["not JSON", "{}", '{"type":"nonsense"}', '{"type":"announcement"}', "null"])(
    "broadcastMessage throws TypeError for the text %j",
    async (text) => {
      await expect(app.command("announceText", { text })).rejects.toThrow("TypeError");
    },
  );

  it("a broadcast that excludes the sender's connection reaches the sender's other tabs", async () => {
    const ada = app.user();
    const [sender, otherTab, other] = [await app.plain(ada), await app.plain(ada), await app.plain()];
    sender.send({ type: "announce_to_others", text: "not to me" });
    for (const client of [otherTab, other]) {
      expect(await client.next("announcement")).toMatchObject({ message: "not to me" });
    }
    await app.command("announce", { message: "to all" });
    expect(await sender.next("announcement")).toMatchObject({ message: "to all" });
    expect(sender.all("skip")).toEqual([]);
  });

  it("a broadcast that excludes a halyard.v1 sender gives it a skip with the offset", async () => {
    const [sender, other] = [await app.v1(), await app.v1()];
    await sender.deliver("announce_to_others", { text: "not to me" });
    const received = await other.next("announcement");
    expect(await sender.seen("skip")).toEqual({ type: "skip", $: { ch: "all", off: offsetOf(received) } });
    expect(sender.all("announcement")).toEqual([]);
  });

  it("an ephemeral broadcast has no offset", async () => {
    const client = await app.v1();
    await app.command("tick", { count: 1 });
    expect(await client.next("tick")).toEqual({ type: "tick", n: 1, $: { ch: "all" } });
  });

  it("300 broadcasts arrive in order with rising offsets", async () => {
    const clients = [await app.plain(), await app.v1()];
    await app.command("publish", { count: 300 });
    for (const client of clients) {
      await client.seen({ type: "notice", text: "300" });
      const notices = client.all("notice");
      expect(notices.map(({ text }) => text)).toEqual(Array.from({ length: 300 }, (_, n) => String(n + 1)));
      const offsets = notices.map(offsetOf);
      expect(offsets.every((offset, n) => n === 0 || offset > (offsets[n - 1] ?? 0))).toBe(true);
    }
  });
});

onEachRuntimeAndTwoNodes("sendToUser", {}, (app) => {
  it("sendToUser reaches all devices of the user and no other user", async () => {
    const ada = app.user("ada");
    const [tab, phone, bob] = [await app.plain(ada), await app.v1(ada), await app.v1(app.user("bob"))];
    expect(await bob.deliver("notify_user", { userId: ada, text: "psst" })).toMatchObject({ type: "reply" });
    for (const device of [tab, phone]) {
      expect(await device.next("notice")).toMatchObject({ text: "psst", $: { ch: `user:${ada}` } });
    }
    await bob.sync();
    expect(bob.all("notice")).toEqual([]);
  });

  it("sendToUser to a user without a connection succeeds", async () => {
    const ada = await app.v1();
    expect(await ada.deliver("notify_user", { userId: "nobody", text: "psst" })).toMatchObject({
      type: "reply",
    });
  });
});

onEachRuntimeAndTwoNodes("manager.send", {}, (app) => {
  it("manager.send reaches one connection only", async () => {
    const ada = app.user("ada");
    const [tab, other] = [await app.plain(ada), await app.plain(ada)];
    tab.send({ type: "notify_me", text: "for this tab" });
    expect(await tab.next("notice")).toMatchObject({ text: "for this tab" });
    await other.sync();
    expect(other.all("notice")).toEqual([]);
  });
});

onEachRuntimeAndTwoNodes("chat without an echo", { echoToSender: false }, (app) => {
  it("chat without an echo reaches other users and the sender's other tabs, not the sender's connection", async () => {
    const ada = app.user("ada");
    const [sender, otherTab, bob] = [await app.plain(ada), await app.plain(ada), await app.plain()];
    sender.send("hello");
    for (const client of [otherTab, bob])
      expect(await client.next("chat_message")).toMatchObject({ content: "hello" });
    bob.send("probe");
    expect(await sender.next("chat_message")).toMatchObject({ content: "probe" });
    expect(sender.all("skip")).toEqual([]);
  });

  it("chat without an echo gives a halyard.v1 sender its receipt and a skip in place of the message", async () => {
    const [sender, bob] = [await app.v1(), await app.v1()];
    const reply = await sender.deliver("chat_message", { content: "hello" });
    const received = await bob.next("chat_message");
    expect(reply).toMatchObject({ result: { id: received["id"], ch: "all", off: offsetOf(received) } });
    expect(await sender.seen("skip")).toEqual({ type: "skip", $: { ch: "all", off: offsetOf(received) } });
    await sender.sync();
    expect(sender.all("chat_message")).toEqual([]);
  });

  it("a resume does not replay a message to the connection that it excluded", async () => {
    const ada = app.user();
    const [sender, bob] = [await app.v1(ada), await app.v1()];
    await sender.deliver("chat_message", { content: "mine" });
    await sender.seen("skip");
    await sender.cut();
    await bob.deliver("chat_message", { content: "missed" });
    const again = await app.openV1(ada, sender.page);
    await again.hello();
    expect(await again.next("chat_message")).toMatchObject({ content: "missed" });
    expect(again.all({ content: "mine" })).toEqual([]);
  });
});

onEachRuntimeAndTwoNodes(
  "the built-in chat, switched off",
  { builtIns: { chat: false, typing: "rooms" } },
  (app) => {
    it("a disabled built-in chat answers chat_message with unknown_type", async () => {
      const client = await app.v1();
      expect(await client.deliver("chat_message", { content: "hello" })).toMatchObject({
        code: "unknown_type",
      });
    });

    it("typing that is limited to rooms is forbidden outside rooms", async () => {
      const client = await app.v1();
      client.send({ type: "typing_indicator", isTyping: true });
      expect(await client.next("error")).toMatchObject({ code: "forbidden" });
    });
  },
);
