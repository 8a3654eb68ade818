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
