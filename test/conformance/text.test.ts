import { expect, it } from "vitest";
import type { Frame } from "../support/frame.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachBackplaneIfLong } from "../support/test-app.ts";

onEachBackplaneIfLong("text from a plain client", {}, (app) => {
  it.each([
    "hello",
    "  hello  ",
    "null",
    "1",
    '"quoted"',
    "true",
    "}",
    "12 [brackets] {inside}",
    "ünïcode 👋",
  ])("the text %j of a plain client, which does not start like JSON, is a chat message", async (text) => {
    const [ada, bob] = [await app.plain(), await app.plain()];
    ada.send(text);
    expect(await bob.next("chat_message")).toMatchObject({ content: text, $: { ch: "all" } });
    expect(await ada.next("chat_message")).toMatchObject({ content: text });
  });

  it.each([
    "{bad",
    '{"type":"chat_message"',
    "[1,2",
    "  { not json }",
    "\n\t[",
    '{"type":"chat_message","content":"x"}{}',
  ])(
    "the text %j of a plain client, which starts like JSON, gets invalid_json and is never chat",
    async (text) => {
      const [ada, bob] = [await app.plain(), await app.plain()];
      expect(await errorFor(ada, text)).toMatchObject({ code: "invalid_json", retryable: false });
      await expectNoChat(ada, bob);
    },
  );

  it.each(["", "\0", "\uFEFF", '\uFEFF{"type":"ping"}', "\uFEFFhello"])(
    "the text %j of a plain client, which is empty, NUL or begins with a byte order mark, gets invalid_message",
    async (text) => {
      const [ada, bob] = [await app.plain(), await app.plain()];
      expect(await errorFor(ada, text)).toMatchObject({ code: "invalid_message" });
      await expectNoChat(ada, bob);
    },
  );

  it.each(["[]", "[1,2]", "{}", '{"type":5}', '{"type":null}', '{"content":"no type"}', '[{"type":"ping"}]'])(
    "the JSON %j of a plain client, which is no object with a type, gets invalid_message",
    async (text) => {
      const ada = await app.plain();
      expect(await errorFor(ada, text)).toMatchObject({ code: "invalid_message" });
    },
  );

  it("a plain client is closed with 4400 after ten invalid messages in ten seconds", async () => {
    const ada = await app.plain();
    for (let n = 0; n < 10; n++) ada.send("{bad");
    expect(await ada.end()).toMatchObject({ code: 4400 });
    expect(ada.all({ type: "error", code: "invalid_json" }).length).toBeGreaterThanOrEqual(9);
  });

  it("a plain client can still send after nine invalid messages", async () => {
    const ada = await app.plain();
    for (let n = 0; n < 9; n++) ada.send("{bad");
    ada.send("still here");
    await ada.seen({ type: "chat_message", content: "still here" });
  });
});

onEachBackplaneIfLong("text from a halyard.v1 client", {}, (app) => {
  it.each(["hello", "{bad", "", "\0", "1 2", '\uFEFF{"type":"ping"}'])(
    "the text %j of a halyard.v1 client, which is no JSON, gets invalid_json",
    async (text) => {
      const client = await app.v1();
      expect(await errorFor(client, text)).toMatchObject({ code: "invalid_json" });
      await client.sync();
      expect(client.all("chat_message")).toEqual([]);
    },
  );

  it.each(["null", "1", '"text"', "[]", "{}"])(
    "the JSON %j of a halyard.v1 client, which has no type, gets invalid_message",
    async (text) => {
      const client = await app.v1();
      expect(await errorFor(client, text)).toMatchObject({ code: "invalid_message" });
    },
  );
});

async function errorFor(client: RawClient, text: string): Promise<Frame> {
  client.send(text);
  return client.next("error");
}

/** Expects the other client to receive no chat message before a later one of the sender. */
async function expectNoChat(sender: RawClient, other: RawClient): Promise<void> {
  sender.send("afterwards");
  expect(await other.next("chat_message")).toMatchObject({ content: "afterwards" });
}
