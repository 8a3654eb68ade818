import { describe, expect, it, vi } from "vitest";
import { ADA, BOB, reply, welcome } from "../../test/harness.ts";
import { FakeStorage, load, useLocks } from "../../test/kept-pages.ts";
import type { Harness } from "../../test/kept-pages.ts";
import type { OutboxStorage } from "../index.ts";
import "./keep-outbox.ts";

const locks = useLocks();

/** Loads a page whose earlier page is Ada's, connected, and has left a message. */
async function leaveMessage(storage: OutboxStorage, leave: (page: Harness) => void): Promise<void> {
  const page = await load(storage);
  await page.open({ user: ADA });
  leave(page);
  await page.tick();
  page.page.fire("pagehide");
  await page.tick();
  locks.current.releaseAll();
}

describe("the outbox that a user left on a page", () => {
  it("stays stored while another user is there, who hears nothing of it, and goes out when the first is back", async () => {
    const storage = new FakeStorage();
    await leaveMessage(storage, ({ client }) => void client.send("chat_message", { content: "of ada" }));
    const told: unknown[] = [];
    const onReceipt = (receipt: unknown) => void told.push(receipt);

    const bobs = await load(storage, { outbox: { storage, onReceipt } });
    bobs.socket.accept();
    bobs.socket.receive(welcome({ user: BOB }));
    await vi.waitFor(() => expect(bobs.sockets.length).toBeGreaterThan(1));
    await bobs.open({ user: BOB });
    bobs.page.fire("pagehide");
    await bobs.tick();
    expect(bobs.sockets.flatMap((socket) => socket.sent("chat_message"))).toEqual([]);
    expect([told, bobs.errors]).toEqual([[], []]);
    expect(bobs.sockets.filter(({ readyState }) => readyState === 1).length).toBeLessThanOrEqual(1);
    locks.current.releaseAll();

    const adas = await load(storage, { outbox: { storage, onReceipt } });
    adas.socket.accept();
    adas.socket.receive(welcome({ user: ADA }));
    const [sent] = adas.socket.sent("chat_message");
    expect(sent).toMatchObject({ content: "of ada" });
    adas.socket.receive(reply(sent, { ch: "all", off: 1 }));
    await adas.tick();
    expect(told).toMatchObject([{ status: "delivered" }]);
    expect([...storage.items]).toEqual([]);
  });

  it("is not that of a user who was signing in when the page was left", async () => {
    const storage = new FakeStorage();
    await leaveMessage(storage, ({ client, socket }) => {
      const earlier = client.send("chat_message", { content: "of ada" });
      socket.receive(reply(socket.sent("chat_message")[0], { ch: "all", off: 1 }));
      client.authenticate();
      expect(client.send("chat_message", { content: "of bob" }).id).not.toBe(earlier.id);
    });
    const adas = await load(storage);
    adas.socket.accept();
    adas.socket.receive(welcome({ user: BOB }));
    expect(adas.socket.sent("chat_message")).toMatchObject([{ content: "of bob" }]);
  });

  it("tells onReceipt of a message that has expired meanwhile", async () => {
    const storage = new FakeStorage();
    await leaveMessage(storage, ({ client, socket }) => {
      socket.drop();
      client.send("chat_message", { content: "late" });
    });
    const kept = [...storage.items];
    const told: unknown[] = [];
    const onReceipt = (receipt: unknown) => void told.push(receipt);
    const loading = load(storage, { outbox: { storage, onReceipt } });
    vi.setSystemTime(Date.now() + 361_000);
    for (const [key, value] of kept) storage.setItem(key, value);
    const next = await loading;
    await next.open({ user: ADA });
    expect(next.errors).toEqual([]);
    expect(told).toHaveLength(1);
    expect([...storage.items]).toEqual([]);
  });

  it("sends what has not expired, after what has", async () => {
    const storage = new FakeStorage();
    await leaveMessage(storage, ({ client, socket }) => {
      socket.drop();
      client.send("chat_message", { content: "late" });
      client.send("chat_message", { content: "in time" });
    });
    const kept = [...storage.items].map(([key, value]) => [key, value.replace(/\[1,\d+/, "[1,1")] as const);
    for (const [key, value] of kept) storage.setItem(key, value);
    const next = await load(storage);
    const socket = await next.open({ user: ADA });
    expect(socket.sent().map(({ type, content }) => content ?? type)).toEqual(["hello", "skip", "in time"]);
    expect(next.errors).toHaveLength(1);
    expect(String(next.errors[0])).toContain("sent by an earlier page: expired");
  });
});
