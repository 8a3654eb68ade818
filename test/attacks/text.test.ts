import { expect, it } from "vitest";
import type { Frame } from "../support/frame.ts";
import { describeAttacks } from "./support/attacked-app.ts";

/** Lone surrogates as JSON escapes, beside a whole pair. */
const SENT = String.raw`a\ud800\ud83d\ude00\uDEAD`;
const RECEIVED = "a\ufffd😀\ufffd";
/** Control characters, which are valid in a text and not in a log or in the name of a room. */
const CONTROLS = "\0\u0007\b\u001b[2J\u007f\u009b\u2028\u202e";

/** Expects no lone surrogate: JSON writes it as an escape. */
function expectNoLoneSurrogate(frames: readonly Frame[]): void {
  expect(JSON.stringify(frames)).not.toMatch(/\\ud[89a-f]/i);
}

describeAttacks("C: text", {}, (app) => {
  it("C20: a lone surrogate becomes U+FFFD in text that is broadcast, relayed, stored and answered", async () => {
    const [eve, room] = [app.user("eve"), app.room()];
    const [client, other] = [await app.v1(eve), await app.v1()];
    for (const each of [client, other]) await each.join(room);
    const send = (type: string, fields: string, meta = ""): void => {
      client.send(`{"type":"${type}",${fields},"$":{"seq":${String(++client.page.seq)}${meta}}}`);
    };
    send("chat_message", `"content":"${SENT}"`);
    send("poked", `"text":"${SENT}"`);
    send("note", `"text":"${SENT}"`);
    send("nested", `"value":{"${SENT}":["${SENT}"]}`);
    send("notify_room", `"room":"${room}","text":"${SENT}","excludeSender":true`);
    client.send(`{"type":"request","name":"echo","input":{"value":"${SENT}"},"$":{"id":"${SENT}"}}`);
    expect(await client.answer(RECEIVED)).toMatchObject({ result: { value: RECEIVED } });
    await other.seen({ type: "chat_message", content: RECEIVED });
    await other.seen({ type: "poked", text: RECEIVED });
    await other.seen({ type: "notice", text: RECEIVED });
    expect(await app.journal("note", eve)).toMatchObject([{ text: RECEIVED }]);
    expect(await app.journal("nested", eve)).toMatchObject([{ value: { [RECEIVED]: [RECEIVED] } }]);

    const page = Object.assign(client.page, { rooms: new Set([room]) });
    await client.cut();
    const back = await app.openV1(eve, page);
    await back.hello({ positions: [{ ch: "all", epoch: page.positions.get("all")?.epoch, off: 0 }] });
    await back.sync();
    for (const each of [client, other, back]) expectNoLoneSurrogate(each.frames);
  });

  it("C20: a lone surrogate in a type, a room, a request name or a ticket gets an error", async () => {
    const client = await app.v1();
    const rejected = [
      ["unknown_type", `{"type":"${SENT}"}`],
      ["not_found", `{"type":"request","name":"${SENT}","input":{},"$":{"id":"${SENT}"}}`],
      ["unauthenticated", `{"type":"authenticate","ticket":"${SENT}","$":{"id":"${SENT}"}}`],
      ["invalid_json", String.raw`{"type":"ping\ud8"}"}`],
    ] as const;
    for (const [code, text] of rejected) {
      client.send(text);
      expect(await client.next("error")).toMatchObject({ code });
    }
    client.send(`{"type":"chat_message","content":"x","$":{"seq":1,"ch":"room:${SENT}"}}`);
    expect(await client.answer(1)).toMatchObject({ code: "forbidden" });
    expectNoLoneSurrogate(client.frames);
  });

  it("C21: control characters are delivered as text and are never written to the log", async () => {
    const [client, other] = [await app.v1(), await app.v1()];
    await client.deliver("chat_message", { content: CONTROLS });
    expect(await other.seen("chat_message")).toMatchObject({ content: CONTROLS });
    client.send({ type: CONTROLS });
    client.send({ type: "request", name: CONTROLS, $: { id: CONTROLS } });
    expect(await client.answer(CONTROLS)).toMatchObject({ code: "not_found" });
    expect(await client.join(CONTROLS)).toMatchObject({ code: "invalid_message" });
    // eslint-disable-next-line no-control-regex -- these characters must not occur
    expect(((await app.command("log")) as string[]).join()).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u202e]/);
  });
});

describeAttacks("C: names, with sessions", { betterAuth: { mode: "secondary storage" } }, (app) => {
  it("C20: a lone surrogate in a user's name is U+FFFD for every client", async () => {
    const [eve, ada] = [await app.users.signUp(), await app.users.signUp()];
    const [, other] = [await app.users.plain(eve), await app.users.plain(ada)];
    await app.users.post("update-user", { name: "E\ud800ve\0" }, eve);
    await other.seen((frame) => JSON.stringify(frame).includes("E\ufffdve"));
    const client = await app.users.v1(eve);
    await client.deliver("chat_message", { content: "x" });
    expect(await other.seen("chat_message")).toMatchObject({ from: { name: "E\ufffdve\0" } });
    expect(await client.request("users")).toMatchObject({ type: "reply" });
    expectNoLoneSurrogate([...client.frames, ...other.frames]);
  });
});
