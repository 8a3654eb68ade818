// What names may look like on the wire: rooms, and the types of an application's messages.
import { defineProtocol, message, request } from "@halyard/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { onEachRuntime } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";

const VALID = [
  "Zürich",
  "a/b",
  "東京 — 1",
  "%2e%2e",
  "room:general",
  "*",
  "__proto__",
  "ALL",
  "😀".repeat(128),
];
const INVALID = [
  "",
  "all",
  "x".repeat(129),
  "a\u0000",
  "a\nb",
  "a\u0085",
  "a\u200bb",
  "\u202eabc",
  "\u2066a",
  "\ufeffa",
];
const RULE = /1 to 128 visible characters.*"all"/;

onEachRuntime("the name of a room", {}, (app) => {
  it("is any visible text of 1 to 128 characters [s-M6]", async () => {
    for (const room of VALID) {
      const ada = await app.v1();
      const ch = `room:${room}`;
      expect(await ada.join(room), room).toMatchObject({ type: "reply", result: { ch } });
      expect(await ada.deliver("chat_message", { content: "hello" }, ch)).toMatchObject({ type: "reply" });
      expect(await ada.seen("chat_message")).toMatchObject({ $: { ch } });
      await app.command("publish", { count: 1, room });
      expect(await ada.seen("notice")).toMatchObject({ $: { ch } });
      expect(await ada.sendAndWait({ type: "leave", room })).toMatchObject({ type: "reply" });
    }
  });

  it("is refused with its rule when it is another text [s-M6]", async () => {
    for (const room of INVALID) {
      const ada = await app.v1();
      const issue = { path: "room", message: expect.stringMatching(RULE) as string };
      for (const type of ["join", "leave"]) {
        const answer = await ada.sendAndWait({ type, room });
        expect(answer, JSON.stringify(room)).toMatchObject({ code: "invalid_message", issues: [issue] });
      }
    }
  });

  it("is a TypeError in the server's own calls when it is another text [s-M6]", async () => {
    const userId = app.user();
    await app.v1(userId);
    for (const room of INVALID) {
      for (const [command, input] of [
        ["join", { userId, room }],
        ["leave", { userId, room }],
        ["publish", { count: 1, room }],
        ["listUsers", { room }],
      ] as const)
        await expect(app.command(command, input), `${command} ${room}`).rejects.toThrow(RULE);
    }
  });

  it("is one name in its composed and in its decomposed form, and is answered in the composed one [s-M6]", async () => {
    const decomposed = app.room("Zu\u0308rich");
    const composed = decomposed.normalize();
    const ch = `room:${composed}`;
    const ada = await app.v1();
    const grace = await app.v1();
    expect(await ada.join(decomposed)).toMatchObject({ result: { ch } });
    await grace.join(composed);
    await ada.deliver("chat_message", { content: "one room" }, `room:${decomposed}`);
    expect(await grace.next("chat_message")).toMatchObject({ content: "one room", $: { ch } });
    await app.command("publish", { count: 1, room: decomposed });
    expect(await grace.next("notice")).toMatchObject({ $: { ch } });
    expect(await ada.request("users", { room: decomposed })).toMatchObject({ result: { total: 2 } });
    const page = new Page();
    page.rooms.add(decomposed);
    const welcome = await (await app.openV1(app.user(), page)).hello();
    expect(welcome).toHaveProperty(["channels", ch, "recovered"], "new");
  });

  it("fits into a hello with a position, a hundred times in its longest form [s-M6]", async () => {
    const page = new Page();
    for (let index = 100; index < 200; index++) {
      const room = String(index) + "😀".repeat(125);
      page.rooms.add(room);
      page.positions.set(`room:${room}`, { epoch: "e".repeat(64), off: Number.MAX_SAFE_INTEGER });
    }
    const client = await app.openV1(app.user(), page);
    client.hello().catch(() => undefined);
    const answer = await client.nextFrame();
    expect(answer).toMatchObject({ type: "welcome" });
    expect(Object.keys(answer["channels"] as object)).toHaveLength(102);
  });
});

describe("a contract", () => {
  const define = defineProtocol as (definition: object) => unknown;

  it.each(["halyard_anything", "halyard_", "presence_update"])(
    "cannot define a message called %s, which is reserved for later versions [s-M6]",
    (type) => {
      const own = { [type]: message(z.object({})) };
      expect(() => define({ clientMessages: own })).toThrow(TypeError);
      expect(() => define({ serverMessages: own })).toThrow(TypeError);
    },
  );

  it("cannot define a request whose name begins with halyard_ [s-M6]", () => {
    const own = { halyard_anything: request({ input: z.undefined(), output: z.undefined() }) };
    expect(() => define({ requests: own })).toThrow(TypeError);
    expect(() => define({ serverRequests: own })).toThrow(TypeError);
  });

  it("gets the same answer from its types, before it runs [s-M6]", () => {
    const own = message(z.object({}));
    expect(() => {
      // @ts-expect-error the prefix is reserved
      defineProtocol({ clientMessages: { halyard_anything: own } });
    }).toThrow(TypeError);
    expect(() => {
      // @ts-expect-error the name is reserved
      defineProtocol({ serverMessages: { presence_update: own } });
    }).toThrow(TypeError);
    const ask = request({ input: z.undefined(), output: z.undefined() });
    expect(() => {
      // @ts-expect-error the prefix is reserved
      defineProtocol({ requests: { halyard_anything: ask } });
    }).toThrow(TypeError);
  });
});
