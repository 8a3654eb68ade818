import { createRandom } from "@halyard/testing";
import { expect, it } from "vitest";
import { channelsOf, offsetOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const STREAM = { count: 200, everyMs: 1 };

onEachRuntimeAndTwoNodes("clients that arrive during a stream", {}, (app) => {
  it("a client that joins during a stream receives exactly the messages after the offset in its join reply", async () => {
    const room = app.room();
    const reference = await app.v1();
    await reference.join(room);
    const stream = app.command("publish", { ...STREAM, room });
    await reference.seen({ type: "notice", text: "20" });
    const late = await app.v1();
    const { off } = (await late.join(room))["result"] as { readonly off: number };
    await stream;
    await late.seen({ type: "notice", text: "200" });
    await reference.seen({ type: "notice", text: "200" });
    expect(off).toBeGreaterThan(0);
    expect(offsetsOf(late)).toEqual(offsetsOf(reference).filter((offset) => offset > off));
  });

  it("a client that connects during a stream receives exactly the messages after the offset in its welcome", async () => {
    const reference = await app.v1();
    const stream = app.command("publish", STREAM);
    await reference.seen({ type: "notice", text: "20" });
    const [v1, plain] = [await app.openV1(app.user()), await app.open(app.user())];
    const arrivals = [[v1, await v1.hello()] as const, [plain, await plain.next("welcome")] as const];
    for (const [client, welcome] of arrivals) {
      const off = channelsOf(welcome)["all"]?.off ?? -1;
      await client.seen({ type: "notice", text: "200" });
      await reference.seen({ type: "notice", text: "200" });
      expect(offsetsOf(client)).toEqual(offsetsOf(reference).filter((offset) => offset > off));
    }
    await stream;
  });

  it("a client whose join and leave race receives no message twice", async () => {
    const room = app.room();
    const [reference, racer] = [await app.v1(), await app.v1()];
    await reference.join(room);
    const stream = app.command("publish", { ...STREAM, room });
    for (let n = 0; n < 20; n++) {
      racer.send({ type: "join", room, $: { id: `j${String(n)}` } });
      racer.send({ type: "leave", room, $: { id: `l${String(n)}` } });
      await racer.seen({ $: { re: `l${String(n)}` } });
    }
    await racer.join(room);
    await stream;
    await racer.sync();
    const offsets = offsetsOf(racer);
    expect(new Set(offsets).size).toBe(offsets.length);
    expect(await app.command("listUsers", { room })).toMatchObject({ total: 2 });
  });
});

onEachRuntimeAndTwoNodes("presence", { limits: { leaveGraceMs: 150, presenceBatchMs: 20 } }, (app) => {
  it("every client has the same user list after random connects and closes, and receives each change once", async () => {
    const random = createRandom(2026);
    const users = Array.from({ length: 12 }, () => app.user("walker"));
    const watchers = [await app.plain(), await app.v1()];
    const open = new Map<string, RawClient[]>();
    for (let step = 0; step < 150; step++) {
      const userId = users[Math.floor(random() * users.length)] ?? "";
      await walk(app, open, { userId, chance: random() });
      if (step % 50 === 25) watchers.push(await app.plain());
    }
    const online = users.filter((userId) => (open.get(userId) ?? []).length > 0);
    for (const watcher of watchers) {
      await until("the list to be right", () => {
        const walkers = [...fold(watcher.frames)].filter((userId) => userId.startsWith("walker"));
        return walkers.length === online.length && online.every((userId) => walkers.includes(userId));
      });
    }
    const total = online.length + watchers.length;
    expect(await app.command("listUsers")).toMatchObject({ total });
    for (const watcher of watchers) expect(watcher.all(isPresence).at(-1)).toMatchObject({ total });
  });
});

const isPresence = ({ type }: Frame) => ["user_list", "user_joined", "user_left"].includes(type);

function offsetsOf(client: RawClient): number[] {
  return client.all("notice").map(offsetOf);
}

/** Opens another connection of a user, or ends one with or without a close frame. */
async function walk(
  app: TestApp,
  open: Map<string, RawClient[]>,
  { userId, chance }: { readonly userId: string; readonly chance: number },
): Promise<void> {
  const clients = open.get(userId) ?? [];
  open.set(userId, clients);
  if (chance < 0.55 || clients.length === 0) clients.push(await app.open(userId));
  else if (chance < 0.8) await clients.pop()?.close(1000);
  else await clients.pop()?.cut();
}

/** Applies presence frames to an empty list. @throws Error for a change that changes nothing */
function fold(frames: readonly Frame[]): Set<string> {
  const users = new Map<string, string>();
  for (const frame of frames.filter(isPresence)) {
    if (frame.type === "user_list") users.clear();
    for (const user of (frame["users"] ?? []) as readonly { readonly userId: string }[]) {
      // A listed user is sent again only with changed fields.
      const text = JSON.stringify(user);
      if (users.get(user.userId) === text) throw new Error(`This was known: ${JSON.stringify(frame)}`);
      users.set(user.userId, text);
    }
    for (const userId of (frame["userIds"] ?? []) as readonly string[]) {
      if (!users.delete(userId)) throw new Error(`This was known: ${JSON.stringify(frame)}`);
    }
  }
  return new Set(users.keys());
}
