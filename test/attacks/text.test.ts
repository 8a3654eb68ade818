import { expect, it } from "vitest";
import type { Frame } from "../support/frame.ts";
import { besiege } from "./support/attacked-app.ts";

/** Half of a pair as JSON writes it, alone and beside whole ones. */
const HALF = String.raw`a\ud800\ud83d\ude00\uDEAD`;
const READ = "a\ufffd😀\ufffd";
/** What may stand in a text, and never in a log or in the name of a room. */
const CONTROLS = "\0\u0007\b\u001b[2J\u007f\u009b\u2028\u202e";

/** JSON writes half of a pair as an escape, and nothing else. */
function expectText(frames: readonly Frame[]): void {
  expect(JSON.stringify(frames)).not.toMatch(/\\ud[89a-f]/i);
}

besiege("C: text", {}, (siege) => {
  it("C20: a lone surrogate becomes U+FFFD in text that is broadcast, relayed, stored and answered", async () => {
    const [eve, room] = [siege.user("eve"), siege.room()];
    const [client, other] = [await siege.v1(eve), await siege.v1()];
    for (const each of [client, other]) await each.join(room);
    const say = (type: string, fields: string, meta = ""): void => {
      client.send(`{"type":"${type}",${fields},"$":{"seq":${String(++client.page.seq)}${meta}}}`);
    };
    say("chat_message", `"content":"${HALF}"`);
    say("poked", `"text":"${HALF}"`);
    say("note", `"text":"${HALF}"`);
    say("nested", `"value":{"${HALF}":["${HALF}"]}`);
    say("tell_room", `"room":"${room}","text":"${HALF}","leaveMeOut":true`);
    client.send(`{"type":"request","name":"echo","input":{"value":"${HALF}"},"$":{"id":"${HALF}"}}`);
    expect(await client.answer(READ)).toMatchObject({ result: { value: READ } });
    await other.seen({ type: "chat_message", content: READ });
    await other.seen({ type: "poked", text: READ });
    await other.seen({ type: "told", text: READ });
    expect(await siege.journal("note", eve)).toMatchObject([{ text: READ }]);
    expect(await siege.journal("nested", eve)).toMatchObject([{ value: { [READ]: [READ] } }]);

    const page = Object.assign(client.page, { rooms: new Set([room]) });
    await client.cut();
    const back = await siege.openV1(eve, page);
    await back.hello({ positions: [{ ch: "all", epoch: page.positions.get("all")?.epoch, off: 0 }] });
    await back.sync();
    for (const each of [client, other, back]) expectText(each.frames);
  });

  it("C20: a lone surrogate in a type, a room, a request name or a ticket gets an error", async () => {
    const client = await siege.v1();
    const refused = [
      ["unknown_type", `{"type":"${HALF}"}`],
      ["invalid_message", `{"type":"join","room":"${HALF}","$":{"id":"${HALF}"}}`],
      ["not_found", `{"type":"request","name":"${HALF}","input":{},"$":{"id":"${HALF}"}}`],
      ["unauthenticated", `{"type":"authenticate","ticket":"${HALF}","$":{"id":"${HALF}"}}`],
      ["invalid_json", String.raw`{"type":"ping\ud8"}"}`],
    ] as const;
    for (const [code, text] of refused) {
      client.send(text);
      expect(await client.next("error")).toMatchObject({ code });
    }
    client.send(`{"type":"chat_message","content":"x","$":{"seq":1,"ch":"room:${HALF}"}}`);
    expect(await client.answer(1)).toMatchObject({ code: "forbidden" });
    expectText(client.frames);
  });

  it("C21: control characters are delivered as text and are never written to the log", async () => {
    const [client, other] = [await siege.v1(), await siege.v1()];
    await client.deliver("chat_message", { content: CONTROLS });
    expect(await other.seen("chat_message")).toMatchObject({ content: CONTROLS });
    client.send({ type: CONTROLS });
    client.send({ type: "request", name: CONTROLS, $: { id: CONTROLS } });
    expect(await client.answer(CONTROLS)).toMatchObject({ code: "not_found" });
    expect(await client.join(CONTROLS)).toMatchObject({ code: "invalid_message" });
    // eslint-disable-next-line no-control-regex -- it is what must not be there
    expect(((await siege.command("log")) as string[]).join()).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u202e]/);
  });
});

besiege("C: names, with sessions", { betterAuth: { mode: "secondary storage" } }, (siege) => {
  it("C20: a lone surrogate in a user's name is U+FFFD for every client", async () => {
    const [eve, ada] = [await siege.people.signUp(), await siege.people.signUp()];
    const [, other] = [await siege.people.plain(eve), await siege.people.plain(ada)];
    await siege.people.post("update-user", { name: "E\ud800ve\0" }, eve);
    await other.seen((frame) => JSON.stringify(frame).includes("E\ufffdve"));
    const client = await siege.people.v1(eve);
    await client.deliver("chat_message", { content: "x" });
    expect(await other.seen("chat_message")).toMatchObject({ from: { name: "E\ufffdve\0" } });
    expect(await client.request("users")).toMatchObject({ type: "reply" });
    expectText([...client.frames, ...other.frames]);
  });
});
