// What a resumed client is told of each message: missed and replayed, or live.
import { createWebSocketClient } from "@halyard/client";
import { expect, it } from "vitest";
import WebSocket from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { channelsOf } from "../support/frame.ts";
import { scene, text, textsOf } from "../support/rights-scene.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

it.each([0, 1, 300])(
  "delivery.replayed is true for the %i messages that were missed, and false for what is live [s-D2]",
  async (missed) => {
    const { url, manager } = await scene({ authorize: () => true });
    const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket });
    const heard: { readonly said: string; readonly replayed: boolean }[] = [];
    client.on("notice", (message, { replayed }) => {
      // The connection is live from here on, and what comes now stands behind the replay.
      if (message.text === "missed 1") void manager.sendToRoom("hall", text("live during the replay"));
      heard.push({ said: message.text, replayed });
    });
    const room = client.join("hall");
    await room.ready;
    await manager.sendToRoom("hall", text("before"));
    await until("the first message", () => heard.length === 1);
    for (const ws of manager.wsInstances.get("ada") ?? []) ws.close(4000);
    await until("the close", () => manager.getConnectionStats().totalConnections === 0);
    for (let n = 1; n <= missed; n++) await manager.sendToRoom("hall", text(`missed ${String(n)}`));
    await until("the reconnect", () => room.state.status === "joined");
    await manager.sendToRoom("hall", text("live"));
    await until("the last message", () => heard.at(-1)?.said.startsWith("live") === true);
    await until("all messages", () => heard.length === missed + (missed > 0 ? 3 : 2));
    expect(heard.filter(({ replayed }) => replayed).map(({ said }) => said)).toEqual(
      Array.from({ length: missed }, (_, n) => `missed ${String(n + 1)}`),
    );
    client.close();
  },
);

it("the welcome names the newest offset of each channel that is recovered, and of no other [s-D2]", async () => {
  const { manager, connect } = await scene({ authorize: () => true });
  const page = new Page();
  const first = await connect("ada", page);
  await first.join("hall");
  await first.cut();
  await until("the close", () => manager.getConnectionStats().totalConnections === 0);
  await manager.sendToRoom("hall", text("missed"));
  const last = await manager.sendToRoom("hall", text("missed, too"));
  page.rooms.add("attic");
  const again = await connect("ada", page);
  await until("the replay", () => textsOf(again).length === 2);
  const [welcome] = again.all("welcome");
  if (welcome === undefined) throw new Error("no welcome");
  const { all, "room:hall": hall, "room:attic": attic } = channelsOf(welcome);
  expect(hall).toMatchObject({ recovered: true, head: last.offset });
  expect(all).toMatchObject({ recovered: true, head: all?.off });
  expect(attic).not.toHaveProperty("head");
});
