import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import { ORIGIN } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import { encodeFrame } from "../support/websocket-frames.ts";
import { describeAttacks } from "./support/attacked-app.ts";

const MAX_OFFSET = Number.MAX_SAFE_INTEGER;
const position = { ch: "all", epoch: "e", off: 0 };
const many = <TItem>(count: number, item: TItem): TItem[] => Array.from({ length: count }, () => item);

/** Invalid fields of a hello, as JSON because JavaScript cannot write some of them. */
const BAD_HELLOS: readonly (readonly [string, string])[] = [
  ["an offset of 1e308", '"positions":[{"ch":"all","epoch":"e","off":1e308}]'],
  ["an offset of 1e999", '"positions":[{"ch":"all","epoch":"e","off":1e999}]'],
  ["an offset past 2^53", '"positions":[{"ch":"all","epoch":"e","off":9007199254740993}]'],
  ["an offset that is text", '"positions":[{"ch":"all","epoch":"e","off":"1"}]'],
  ["no epoch", '"positions":[{"ch":"all","off":1}]'],
  ["rooms that are no array", '"rooms":{"length":1,"0":"a"}'],
  ["attempt 0", '"attempt":0'],
  ["attempt 2^53", '"attempt":9007199254740992'],
  ["a client id with a line end", String.raw`"clientId":"aaaaaaaaaaaaaaaaaaaa\n"`],
  ["a contract of 129 characters", `"contract":"${"x".repeat(129)}"`],
];

/** Invalid values of `$`, on any message. */
const BAD_METAS: readonly unknown[] = [
  ...[null, [], 1, "x", true],
  ...[0, -1, 1.5, "1", null, [], 2 ** 53].map((seq) => ({ seq })),
  ...[0, "", "x".repeat(65), null, {}].map((id) => ({ id })),
  ...["", "x".repeat(1_025), null, 5].map((ch) => ({ ch })),
  ...[-1, 0.5, "x", null, 2 ** 53].map((off) => ({ off })),
  ...[1.5, "x".repeat(65), null, {}].map((re) => ({ re })),
];
const MESSAGES = [
  { type: "ping" },
  { type: "join", room: "lobby" },
  { type: "leave", room: "lobby" },
  { type: "request", name: "count", input: {} },
  { type: "authenticate", ticket: "x" },
  { type: "chat_message", content: "x" },
  { type: "typing_indicator", isTyping: true },
  { type: "cursor_moved", x: 1, y: 1 },
  { type: "note", text: "x" },
  { type: "skip" },
  { type: "reply", result: 1 },
  { type: "error", code: "internal", message: "", retryable: false },
];

describeAttacks("F: edge cases", { limits: { handlerMs: 400, closeMs: 300 } }, (app) => {
  it.each(BAD_HELLOS)("F1: a hello with %s ends with one bounded error and 4400", async (_name, fields) => {
    const client = await app.openV1(app.user());
    const { clientId, attempt } = client.page;
    client.send(`{"type":"hello","clientId":"${clientId}","attempt":${String(attempt)},${fields}}`);
    const error = await client.next("error");
    expect(error).toMatchObject({ code: "invalid_message" });
    expect(JSON.stringify(error).length).toBeLessThanOrEqual(1_024);
    expect(await client.end()).toMatchObject({ code: 4400 });
  });

  it.each([
    ["a channel without a name", { positions: [{ ...position, ch: "" }] }],
    ["1,600 positions", { positions: many(1_600, position) }],
    ["the same room 101 times", { rooms: many(101, "a") }],
  ])("F1: a hello with %s is welcomed: what names no channel is ignored", async (_name, fields) => {
    const client = await app.openV1(app.user());
    expect(await client.hello(fields)).toMatchObject({ type: "welcome" });
    await client.sync();
    expect(client.all("left")).toEqual([]);
  });

  it("F1: each room of a hello above limits.rooms is left with limit_exceeded", async () => {
    const client = await app.openV1(app.user());
    await client.hello({ rooms: Array.from({ length: 103 }, (_, n) => `room-${String(n)}`) });
    await client.sync();
    expect(client.all("left").map(({ room, reason }) => [room, reason])).toEqual(
      ["room-100", "room-101", "room-102"].map((room) => [room, "limit_exceeded"]),
    );
  });

  it("F1: a hello at its bounds is answered with the client's own channels only", async () => {
    const client = await app.openV1(app.user("eve"));
    const channels = ["__proto__", "constructor", "all", "all", "user:ada", "room:lobby", "x".repeat(200)];
    const offs = [-0, MAX_OFFSET];
    const positions = channels.flatMap((ch) => offs.map((off) => ({ ch, epoch: "__proto__", off })));
    const welcome = await client.hello({ positions, rooms: many(100, "lobby") });
    expect(Object.keys(welcome["channels"] as object).sort()).toEqual([
      "all",
      "room:lobby",
      expect.stringMatching(/^user:eve/),
    ]);
    await client.sync();
  });

  it.each(MESSAGES)("F2: a $type with an invalid reserved field gets invalid_message", async (message) => {
    for (let n = 0; n < BAD_METAS.length; n += 8) {
      const client = await app.v1();
      const metas = BAD_METAS.slice(n, n + 8);
      for (const $ of metas) client.send({ ...message, $ });
      await client.sync();
      expect(client.all("error").map(({ code }) => code)).toEqual(metas.map(() => "invalid_message"));
      await client.close();
    }
  });

  it("F2: the offset in a client's message is ignored", async () => {
    const client = await app.v1();
    client.send({ type: "request", name: "echo", input: { value: "x" }, $: { id: "r", off: MAX_OFFSET } });
    expect(await client.answer("r")).toMatchObject({ result: { value: "x" } });
  });

  it.each([
    "?c=%00&a=1",
    "?c=ID%0a&a=1",
    "?c=ID&a=%EF%BC%91",
    "?c=ID&a=-1",
    "?c=ID&a=99999999999999999999",
    "?c[]=ID&a[]=1",
    "?C=ID&A=1",
    "?%E0%A4%A",
    "?c=%&a=%",
    "?__proto__=1&c=ID",
    "?c=ID;a=1",
    "??c=ID&a=1",
    "",
  ])(
    "F3: the query %s without a valid client is accepted, and the hello names the client",
    async (target) => {
      const { clientId } = new Page();
      const headers = [...app.credentials(app.user()), ["Sec-WebSocket-Protocol", "halyard.v1"]] as const;
      const tcp = await app.openTcp({ headers, target: `/ws${target.replace("ID", clientId)}` });
      const hello = { type: "hello", clientId, attempt: 1, positions: [], rooms: [] };
      tcp.write(encodeFrame({ payload: JSON.stringify(hello) }));
      expect(await tcp.received("welcome")).toMatchObject({ type: "welcome" });
    },
  );

  it.each([
    ["?c=ID&a=2", "another attempt"],
    ["?c=OTHER&a=1", "another client"],
    ["?c=OTHER&c=ID&a=1", "another client first"],
    ["?%63=OTHER&a=%31", "another client in escapes"],
  ])("F3: the query %s, which names %s, must match the hello", async (target) => {
    const { clientId } = new Page();
    const headers = [...app.credentials(app.user()), ["Sec-WebSocket-Protocol", "halyard.v1"]] as const;
    const query = target.replace("ID", clientId).replace("OTHER", new Page().clientId);
    const tcp = await app.openTcp({ headers, target: `/ws${query}` });
    const hello = { type: "hello", clientId, attempt: 1, positions: [], rooms: [] };
    tcp.write(encodeFrame({ payload: JSON.stringify(hello) }));
    expect(await tcp.received("error")).toMatchObject({ code: "conflict" });
    expect(await tcp.end()).toBe(4400);
  });

  it("F4: of two connections with the same client and attempt one stays open", async () => {
    const eve = app.user("eve");
    const { clientId } = new Page();
    const open = async () => app.openV1(eve, Object.assign(new Page(), { clientId }));
    const [first, second] = await Promise.all([open(), open()]);
    await Promise.allSettled([first.hello(), second.hello()]);
    await pause(100);
    expect([first.isOpen, second.isOpen].filter(Boolean).length).toBe(1);
  });

  it("F5: joins that wait for an authorize that hangs are bounded, and close their connection with 4029", async () => {
    const client = await app.v1();
    for (let n = 0; n < 1_000; n++) {
      client.send({ type: "join", room: "hangs" });
      client.send({ type: "leave", room: "hangs" });
    }
    expect(await client.end()).toMatchObject({ code: 4029 });
  });

  it("F6: replies to requests that the server did not send are ignored", async () => {
    const client = await app.v1();
    for (const re of ["", "x", 0, -1, MAX_OFFSET, "__proto__", "n1.1.1"]) {
      client.send({ type: "reply", result: "mine", $: { re } });
      client.send({ type: "error", code: "internal", message: "mine", retryable: false, $: { re } });
    }
    await client.sync();
    expect(client.all("error")).toEqual([]);
  });

  it("F7: the request users answers any cursor with a page or invalid_message", async () => {
    const client = await app.v1();
    for (const cursor of ["-1", "1e9", "NaN", "__proto__", "", "0x1", " 1"])
      expect(await client.request("users", { cursor })).toMatchObject({ type: "reply" });
    for (const input of [{ cursor: 1 }, { room: "__proto__\n" }, [], "x", { cursor: "x".repeat(65) }])
      expect(await client.request("users", input)).toMatchObject({ code: "invalid_message" });
  });

  it.each([
    [
      "two origins",
      [
        ["Origin", ORIGIN],
        ["Origin", "http://evil.test"],
      ],
      403,
    ],
    [
      "a header in Latin-1",
      [
        ["X-Name", "caf\u00e9"],
        ["Origin", ORIGIN],
      ],
      101,
    ],
    [
      "a control in a header",
      [
        ["X-Name", "a\u0001b"],
        ["Origin", ORIGIN],
      ],
      400,
    ],
    [
      "a folded header",
      [
        ["X-Name", "a\r\n b"],
        ["Origin", ORIGIN],
      ],
      400,
    ],
    [
      "a header without a name",
      [
        ["", "a"],
        ["Origin", ORIGIN],
      ],
      400,
    ],
    [
      "a body",
      [
        ["Content-Length", "5"],
        ["Origin", ORIGIN],
      ],
      101,
    ],
    [
      "two lengths",
      [
        ["Content-Length", "0"],
        ["Content-Length", "1"],
        ["Origin", ORIGIN],
      ],
      400,
    ],
    [
      "a length and chunks",
      [
        ["Content-Length", "0"],
        ["Transfer-Encoding", "chunked"],
        ["Origin", ORIGIN],
      ],
      400,
    ],
  ] as const)("F8: a handshake with %s gets its documented status", async (_name, headers, expected) => {
    const cookie = ["Cookie", `session=${app.user("eve")}`] as const;
    const { status } = await handshake({ port: app.port, headers: [cookie, ...headers] });
    expect(status).toBe(expected);
  });

  it("F9: an id with the client id of another user reaches nothing of that user", async () => {
    const [ada, mallory] = [await app.v1(app.user("ada")), await app.v1(app.user("mallory"))];
    await ada.deliver("note", { text: "of ada" });
    const name = { type: "request", name: "profile", input: {} };
    ada.send({ ...name, $: { id: "r1" } });
    const profile = await ada.answer("r1");
    const { clientId } = ada.page;
    // The first number of Mallory's own records of this client id: it runs, and is Mallory's.
    mallory.send({ type: "note", text: "of ada", $: { id: `${clientId}:1` } });
    expect(await mallory.answer(`${clientId}:1`)).toMatchObject({ type: "reply" });
    mallory.send({ ...name, $: { id: `${clientId}:r1` } });
    expect((await mallory.answer(`${clientId}:r1`))["result"]).not.toEqual(profile["result"]);
    expect(await ada.deliver("note", { text: "again" })).toMatchObject({ type: "reply" });
  });

  it("F9: an id with the client id of another client of the user gets that client's results, and runs nothing twice", async () => {
    const user = app.user("ada");
    const [own, other] = [await app.v1(user), await app.v1(user)];
    const reply = await own.deliver("note", { text: "x" });
    const id = `${own.page.clientId}:1`;
    other.send({ type: "note", text: "x", $: { id } });
    expect((await other.answer(id))["result"]).toEqual(reply["result"]);
    other.send({ type: "note", text: "y", $: { id } });
    await other.seen({ type: "error", code: "conflict" });
  });

  it("F9: frames for a 33rd tab are limit_exceeded, and the others go on", async () => {
    const client = await app.v1();
    const idOf = (tab: number): string => `tab-${String(tab).padStart(16, "0")}:r1`;
    for (let tab = 0; tab < 40; tab++) client.send({ type: "ping", $: { id: idOf(tab) } });
    expect(await client.answer(idOf(31))).toMatchObject({ type: "pong" });
    expect(await client.answer(idOf(32))).toMatchObject({ type: "error", code: "limit_exceeded" });
    await client.sync();
    expect(client.all("error")).toHaveLength(8);
  });
});
