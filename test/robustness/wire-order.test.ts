// What a client may rely on between frames: each number is answered, frames of one room keep their order, and gaps come first.
import { expect, it } from "vitest";
import { matchesPattern } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { onEachRuntime } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";

const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));

const BROKEN: Readonly<Record<string, (seq: number) => object>> = {
  "is too large": (seq) => ({ type: "note", text: "x".repeat(70_000), $: { seq } }),
  "nests too deeply": (seq) => ({ type: "note", text: nested(40), $: { seq } }),
  "has no type": (seq) => ({ $: { seq } }),
  "has a type that is no text": (seq) => ({ type: 7, $: { seq } }),
  "has a broken id beside its number": (seq) => ({ type: "note", text: "a", $: { seq, id: 7 } }),
  "has a broken channel beside its number": (seq) => ({ type: "note", text: "a", $: { seq, ch: "" } }),
  "has a type that only a server sends": (seq) => ({ type: "announcement", message: "a", $: { seq } }),
  "has an unknown type": (seq) => ({ type: "nobody", $: { seq } }),
  "is a join": (seq) => ({ type: "join", room: "a", $: { seq } }),
  "is a request": (seq) => ({ type: "request", name: "count", $: { seq, id: "r" } }),
  "is an answer": (seq) => ({ type: "reply", $: { seq, re: "r" } }),
};

onEachRuntime("a frame with a number", {}, (app) => {
  it("is answered by its number, which is used, whatever else is wrong with it [s-W4]", async () => {
    for (const [what, broken] of Object.entries(BROKEN)) {
      const ada = await app.v1();
      await ada.deliver("note", { text: "before" });
      const seq = ++ada.page.seq;
      const frame = broken(seq);
      ada.send(frame);
      const next = ada.post("note", { text: "after" });
      const answered = ada.seen((answer) => answer.$?.re === next);
      expect(await answered, what).toMatchObject({ type: "reply" });
      const [answer] = ada.all({ $: { re: seq } });
      expect(answer, what).toMatchObject({ type: "error", retryable: false });
      ada.send(frame);
      await ada.sync();
      await ada.deliver("note", { text: "later" });
      expect(ada.all({ $: { re: seq } }), what).toEqual([answer, answer]);
    }
  });

  it("is answered and used when its type is ephemeral, too [s-W4]", async () => {
    const ada = await app.v1();
    for (let n = 0; n < 5; n++) ada.post("typing_indicator", { isTyping: true });
    const last = ada.post("note", { text: "after" });
    await ada.answer(last);
    expect(ada.all("reply").map(({ $ }) => $?.re)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("is answered by its id where it has one, whatever else is wrong with it [s-W4]", async () => {
    const ada = await app.v1();
    ada.send({ type: "request", name: "echo", input: "x".repeat(70_000), $: { id: "large" } });
    expect(await ada.next("error")).toMatchObject({ code: "payload_too_large", $: { re: "large" } });
    ada.send({ type: "request", name: "echo", input: nested(40), $: { id: "deep" } });
    expect(await ada.next("error")).toMatchObject({ code: "invalid_message", $: { re: "deep" } });
    ada.send({ type: "ping", $: { id: "broken", ch: "" } });
    expect(await ada.next("error")).toMatchObject({ code: "invalid_message", $: { re: "broken" } });
  });
});

onEachRuntime("frames of one room, in one packet", {}, (app) => {
  const note = (seq: number, room: string): object => ({
    type: "note",
    text: "a",
    $: { seq, ch: `room:${room}` },
  });

  it("take effect in their order: a leave waits for the sends before it [s-W5]", async () => {
    const ada = await app.v1();
    for (let n = 1; n <= 30; n++) {
      const room = app.room();
      await ada.join(room);
      ada.sendTogether([note(n, room), { type: "leave", room, $: { id: `l${String(n)}` } }]);
      await ada.answer(`l${String(n)}`);
    }
    await ada.answer(30);
    expect(ada.all("error")).toEqual([]);
  });

  it("take effect in their order: a send waits for the joins and leaves before it [s-W5]", async () => {
    const ada = await app.v1();
    const room = app.room();
    ada.sendTogether([
      { type: "join", room, $: { id: "j1" } },
      note(1, room),
      { type: "leave", room, $: { id: "l1" } },
      note(2, room),
    ]);
    await ada.answer(2);
    expect([1, 2].map((re) => ada.all({ $: { re } })[0]?.type)).toEqual(["reply", "error"]);
    const order = ada.frames.flatMap(({ $ }) => ($?.re === undefined ? [] : [$.re])).slice(-4);
    expect(order).toEqual(["j1", 1, "l1", 2]);
  });

  it("do not wait for a join of another room [s-W5]", async () => {
    const ada = await app.v1();
    const room = app.room();
    await ada.join(room);
    ada.sendTogether([{ type: "join", room: "hangs", $: { id: "never" } }, note(1, room)]);
    expect(await ada.answer(1)).toMatchObject({ type: "reply" });
  });
});

onEachRuntime("a welcome", {}, (app) => {
  it("is followed by every gap before any replay [s-W3]", async () => {
    const page = new Page();
    const userId = app.user();
    const rooms = [app.room("a"), app.room("b"), app.room("secret")];
    const ada = await app.v1(userId, page);
    for (const room of rooms) await ada.join(room);
    await ada.cut();
    for (const room of rooms) await app.command("publish", { count: 20, room });
    const first = `room:${String(rooms[0])}`;
    const lost = ["all", ...rooms.slice(1).map((room) => `room:${room}`)];
    for (const ch of lost) page.positions.set(ch, { epoch: "another", off: 1 });
    // The replay of the first room would come before the gaps of the others.
    const position = page.positions.get(first);
    page.positions.delete(first);
    const entries = [...page.positions];
    page.positions.clear();
    if (position !== undefined) page.positions.set(first, position);
    for (const [ch, value] of entries) page.positions.set(ch, value);
    const again = await app.openV1(userId, page);
    await again.hello();
    await again.seen((frame) => frame.type === "notice" && frame["text"] === "20");
    const kinds = again.frames.filter((frame) => isGapOrReplay(frame)).map(({ type }) => type);
    expect(kinds).toEqual([...lost.map(() => "gap"), ...Array.from({ length: 20 }, () => "notice")]);
  });
});

function isGapOrReplay(frame: Frame): boolean {
  return matchesPattern(frame, "gap") || matchesPattern(frame, "notice");
}
