// The rooms of tabs that share a connection: it is in a room while one of them is.
import { expect, it } from "vitest";
import type { SharingClient } from "../support/sharing-clients.ts";
import { openTab, server, useSharingScene } from "../support/sharing-scene.ts";

const POLL = { timeout: 8_000, interval: 10 };
/** The joins that one client sends at once. */
const JOINS = 15;
useSharingScene();

async function openTwo(): Promise<[SharingClient, SharingClient]> {
  const opened: [SharingClient, SharingClient] = [openTab(), openTab()];
  for (const { client } of opened) await expect.poll(() => client.state.status, POLL).toBe("open");
  expect(server.users).toEqual(["ada"]);
  return opened;
}

const connectionsIn = async (room: string): Promise<number> =>
  (await server.manager.getRoomStats(room)).totalConnections;

it("a tab that opens in a room which another tab has left is in it, and gets its messages", async () => {
  const [first] = await openTwo();
  const left = first.client.join("blue");
  await expect.poll(() => left.state.status, POLL).toBe("joined");
  left.leave();
  await expect.poll(() => connectionsIn("blue"), POLL).toBe(0);
  const late = openTab();
  const room = late.client.join("blue");
  await expect.poll(() => room.state.status, POLL).toBe("joined");
  await server.manager.sendToRoom("blue", { type: "news", text: "one" });
  await expect.poll(() => late.news, POLL).toEqual(["blue one"]);
  expect(server.users).toEqual(["ada"]);
});

it.each<[what: string, end: (tab: SharingClient, rooms: readonly { leave(): void }[]) => void]>([
  ["leaves it", (_, rooms) => rooms.forEach((room) => room.leave())],
  ["closes", ({ client }) => client.close()],
])("the connection does not stay in a room whose tab %s before its join goes out", async (_, end) => {
  const [first, second] = await openTwo();
  const names = Array.from({ length: JOINS }, (__, index) => `room-${String(index)}`);
  const kept = names.map((name) => first.client.join(`kept-${name}`));
  const ended = names.map((name) => second.client.join(name));
  // The joins of the second tab wait in the leader, behind those of the first.
  await expect.poll(() => connectionsIn("kept-room-9"), POLL).toBe(1);
  end(second, ended);
  await expect.poll(() => kept.map(({ state }) => state.status), POLL).toEqual(kept.map(() => "joined"));
  await first.client.join("last").ready;
  for (const name of names) await expect.poll(() => connectionsIn(name), POLL).toBe(0);
});

it("a tab is in a room that it joins again, also where its leave waits behind a large request", async () => {
  const [first, second] = await openTwo();
  const left = second.client.join("blue");
  await expect.poll(() => left.state.status, POLL).toBe("joined");
  // Takes most of what the connection may send at once.
  const answers = Array.from({ length: 45 }, () => first.client.request("echo", { text: "" }));
  await answers[0];
  answers.push(second.client.request("echo", { text: "x".repeat(60_000) }));
  left.leave();
  const room = second.client.join("blue");
  await expect.poll(() => room.state.status, POLL).toBe("joined");
  await Promise.all(answers);
  await second.client.request("echo", { text: "" });
  await server.manager.sendToRoom("blue", { type: "news", text: "one" });
  await expect.poll(() => second.news, POLL).toEqual(["blue one"]);
});

/** Gives the room to the connection, and waits until a tab hears it. */
async function give(room: string, tab: SharingClient): Promise<void> {
  const [ws] = server.manager.wsInstances.get("ada") ?? [];
  if (!ws) throw new Error("no connection");
  await server.manager.join(ws, room);
  await server.manager.sendToRoom(room, { type: "news", text: "given" });
  await expect.poll(() => tab.news, POLL).toEqual([`${room} given`]);
}

it("the connection leaves a room that the server once gave, and that its only tab has left, with the last tab that joins it again", async () => {
  const first = openTab();
  await expect.poll(() => first.client.state.status, POLL).toBe("open");
  await give("blue", first);
  const given = first.client.join("blue");
  await expect.poll(() => given.state.status, POLL).toBe("joined");
  given.leave();
  await expect.poll(() => connectionsIn("blue"), POLL).toBe(0);
  const late = openTab();
  await expect.poll(() => late.client.state.status, POLL).toBe("open");
  const room = first.client.join("blue");
  await expect.poll(() => room.state.status, POLL).toBe("joined");
  room.leave();
  await expect.poll(() => connectionsIn("blue"), POLL).toBe(0);
});

it("a tab hears a room that the server gave also after another tab, which had joined it, is closed", async () => {
  const [first, second] = await openTwo();
  await give("blue", first);
  await expect.poll(() => second.news, POLL).toEqual(["blue given"]);
  const [joined, other] = [second.client.join("blue"), second.client.join("red")];
  await expect.poll(() => [joined.state.status, other.state.status], POLL).toEqual(["joined", "joined"]);
  second.client.close();
  await expect.poll(() => connectionsIn("red"), POLL).toBe(0);
  await server.manager.sendToRoom("blue", { type: "news", text: "later" });
  await expect.poll(() => first.news, POLL).toEqual(["blue given", "blue later"]);
});
