import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { describe, expect, it, vi } from "vitest";
import { FakeSocket } from "../../test/fake-socket.ts";
import { BOB, createHarness, reply, welcome } from "../../test/harness.ts";
import { FakeStorage, load, useLocks } from "../../test/kept-pages.ts";
import "./keep-outbox.ts";

const locks = useLocks();

const hello = (socket: FakeSocket) => socket.sent("hello")[0];

/** What a method of a storage may do in place of its work. */
const WRONG_ANSWERS: readonly (readonly [how: string, answer: () => unknown])[] = [
  [
    "throws",
    () => {
      throw new Error("denied");
    },
  ],
  ["rejects", () => Promise.reject(new Error("denied"))],
  ["never answers", () => new Promise<never>(() => {})],
  ["answers nonsense", () => "nonsense"],
  [
    "answers another shape",
    () => '{"c1":5,"c2":null,"c3":{"sends":[7,[null]]},"c4":[],"c5":{"sends":[[1,2,true,3,4]]}}',
  ],
  ["answers a number", () => 7],
];

describe("an outbox that is kept", () => {
  it("goes out first after a reload, under the ids that it had, and nothing is stored afterwards", async () => {
    const storage = new FakeStorage();
    const page = await load(storage);
    const first = await page.open();
    const ids = ["a", "b"].map((content) => page.client.send("chat_message", { content }).id);
    await page.tick();
    expect(first.sent("chat_message")).toHaveLength(2);
    first.receive(reply(first.sent("chat_message")[0], { id: ids[0], ch: "all", off: 11 }));
    page.page.fire("pagehide");
    await page.tick();
    locks.current.releaseAll();

    const next = await load(storage);
    const later = next.client.send("chat_message", { content: "c" });
    next.socket.accept();
    expect(hello(next.socket)).toMatchObject({ clientId: hello(first)?.["clientId"], attempt: 2 });
    next.socket.receive(welcome());
    expect(next.socket.sent("chat_message")).toEqual([{ type: "chat_message", content: "b", $: { seq: 2 } }]);
    expect(messageIdOf(String(hello(next.socket)?.["clientId"]), 2)).toBe(ids[1]);
    next.socket.receive(reply(next.socket.sent("chat_message")[0], { id: ids[1], ch: "all", off: 12 }));
    await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(2));
    const own = await next.open();
    expect(own.sent("chat_message").map(({ content }) => content)).toEqual(["c"]);
    own.receive(reply(own.sent("chat_message")[0], { id: later.id, ch: "all", off: 13 }));
    expect(await later).toMatchObject({ status: "delivered" });
    await next.tick();
    expect([...storage.items]).toEqual([]);
    expect(next.errors).toEqual([]);
  });

  it.each([
    ["is told to onReceipt", () => undefined, 0],
    [
      "is told to onReceipt, whose rejection is reported to onError",
      () => Promise.reject(new Error("mine")),
      1,
    ],
    [
      "is told to onReceipt, whose throw is reported to onError",
      () => {
        throw new Error("mine");
      },
      1,
    ],
    ["is reported to onError without onReceipt", undefined, 1],
  ])("what became of a message of an earlier page %s", async (_, answer, reports) => {
    const storage = new FakeStorage();
    const page = await load(storage);
    const first = await page.open();
    const room = page.client.join("r");
    first.receive({ type: "joined", room: "r", epoch: "e1", off: 0 });
    const { id } = room.send("chat_message", { content: "kept" });
    expect(first.sent("chat_message")).toHaveLength(1);
    page.page.fire("pagehide");
    await page.tick();
    locks.current.releaseAll();

    const told: unknown[] = [];
    const onReceipt = (...receipt: unknown[]) => {
      told.push(receipt);
      return answer?.();
    };
    const next = await load(storage, { outbox: { storage, ...(answer && { onReceipt }) } });
    next.socket.accept();
    // The server has forgotten which messages it has handled.
    next.socket.receive(welcome({ forgotten: true }));
    await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(2));
    await next.open();
    await next.tick();
    const message = { type: "chat_message", room: "r", fields: { content: "kept" } };
    expect(told).toEqual(answer ? [[{ id, status: "unknown" }, message]] : []);
    expect(next.errors).toHaveLength(reports);
    if (!answer)
      expect(String(next.errors[0])).toContain(`chat_message ${id}, sent by an earlier page: unknown`);
    expect([...storage.items]).toEqual([]);
  });

  it("never goes to another user", async () => {
    const storage = new FakeStorage();
    const page = await load(storage);
    await page.open();
    void page.client.send("chat_message", { content: "for Ada's eyes" });
    page.page.fire("pagehide");
    await page.tick();
    locks.current.releaseAll();

    const next = await load(storage);
    next.socket.accept();
    next.socket.receive(welcome({ user: BOB }));
    await vi.waitFor(() => expect(next.sockets.length).toBeGreaterThan(1));
    const own = await next.open({ user: BOB });
    expect(next.sockets.flatMap((socket) => socket.sent("chat_message"))).toEqual([]);
    expect(hello(own)?.["clientId"]).not.toBe(hello(next.sockets[0] ?? own)?.["clientId"]);
    await next.tick(1_000);
    expect(next.sockets.filter(({ readyState }) => readyState <= 1)).toEqual([own]);
  });

  it("is stored again after a storage that has failed once, while another user signed in", async () => {
    const storage = new FakeStorage();
    const page = await load(storage);
    const socket = await page.open();
    void page.client.send("chat_message", { content: "a" });
    await page.tick();
    socket.receive(reply(socket.sent("chat_message")[0], { ch: "all", off: 1 }));
    await page.tick();
    page.client.reconnect();
    await page.tick();
    page.socket.accept();
    await page.tick();
    vi.spyOn(storage, "removeItem").mockImplementationOnce(() => {
      throw new Error("full");
    });
    page.socket.receive(welcome({ user: BOB }));
    await page.tick();
    expect(page.errors.map(String)).toEqual(["Error: full"]);
    await page.open({ user: BOB });
    void page.client.send("chat_message", { content: "of Bob" });
    await page.tick();
    expect([...storage.items.values()].join()).toContain("of Bob");
  });

  it("stays with the page that holds it: a duplicated tab begins anew and forgets its copy", async () => {
    const storage = new FakeStorage();
    const page = await load(storage);
    const first = await page.open();
    void page.client.send("chat_message", { content: "a" });
    await page.tick();
    const copy = new FakeStorage();
    for (const [key, value] of storage.items) copy.setItem(key, value);
    expect(copy.items.size).toBe(1);

    const duplicate = await load(copy);
    const socket = await duplicate.open();
    expect(hello(socket)?.["clientId"]).not.toBe(hello(first)?.["clientId"]);
    expect(socket.sent("chat_message")).toEqual([]);
    await duplicate.tick();
    expect(copy.items.size).toBe(0);
  });

  it("joins the rooms of its messages, so that the server takes them", async () => {
    const storage = new FakeStorage();
    const page = await load(storage);
    await page.open();
    const room = page.client.join("blue");
    page.socket.receive(reply(page.socket.sent("join")[0], { epoch: "e1", off: 0 }));
    await page.tick();
    page.page.fire("pagehide");
    void room.send("chat_message", { content: "in blue" });
    await page.tick();
    locks.current.releaseAll();

    const next = await load(storage);
    next.socket.accept();
    expect(hello(next.socket)?.["rooms"]).toEqual(["blue"]);
  });

  it("reports a storage that fails, and connects without it", async () => {
    const storage = new FakeStorage();
    storage.getItem = () => {
      throw new Error("denied");
    };
    const page = await load(storage);
    const socket = await page.open();
    const sending = page.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0], { ch: "all", off: 1 }));
    expect(await sending).toMatchObject({ status: "delivered" });
    expect(page.errors.map(String)).toContain("Error: denied");
    expect(page.errors.every((error) => !(error instanceof HalyardError))).toBe(true);
  });

  describe.each(["getItem", "setItem", "removeItem"] as const)("whose storage has a wrong %s", (method) => {
    it.each(WRONG_ANSWERS)("connects and delivers, once, when it %s", async (_, wrong) => {
      const storage = new FakeStorage();
      Object.assign(storage, { [method]: wrong });
      const page = createHarness({ outbox: { storage } });
      await vi.dynamicImportSettled();
      await page.tick(2_100);
      const socket = await page.open();
      const sending = page.client.send("chat_message", { content: "a" });
      socket.receive(reply(socket.sent("chat_message")[0], { ch: "all", off: 1 }));
      expect(await sending).toMatchObject({ status: "delivered" });
      await page.tick();
      expect(page.sockets.flatMap((each) => each.sent("chat_message"))).toHaveLength(1);
    });
  });

  it("waits two seconds at most for a storage that does not answer", async () => {
    const storage = new FakeStorage();
    storage.getItem = () => new Promise<string>(() => {}) as never;
    const started = createHarness({ outbox: { storage } });
    await vi.dynamicImportSettled();
    await started.tick(1_990);
    expect(started.sockets).toHaveLength(0);
    await started.tick(20);
    expect(started.sockets).toHaveLength(1);
    expect(started.errors.map(String)).toContain("Error: outbox.storage does not answer");
  });

  it("waits two seconds at most for a database that does not open, and sends without it", async () => {
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    vi.stubGlobal("IDBKeyRange", { bound: () => ({}) });
    const started = createHarness({ outbox: { storage: "indexeddb" } });
    await vi.dynamicImportSettled();
    await started.tick(1_990);
    expect(started.sockets).toHaveLength(0);
    await started.tick(20);
    const socket = await started.open();
    void started.client.send("chat_message", { content: "a" });
    expect(socket.sent("chat_message")).toHaveLength(1);
    expect(started.errors.map(String)).toEqual(["Error: outbox.storage does not answer"]);
  });

  it("expires by the date: what waited before the reload waits on", async () => {
    const storage = new FakeStorage();
    const page = await load(storage);
    void page.client.send("chat_message", { content: "late" });
    await vi.waitFor(() => expect(storage.items.size).toBe(1));
    const kept = [...storage.items];
    locks.current.releaseAll();
    const loading = load(storage);
    vi.setSystemTime(Date.now() + 61_000);
    for (const [key, value] of kept) storage.setItem(key, value);
    const next = await loading;
    const socket = await next.open();
    expect(socket.sent("chat_message")).toEqual([]);
  });
});
