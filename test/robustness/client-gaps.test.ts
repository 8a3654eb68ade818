import { createWebSocketClient } from "@halyard/client";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startScriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/wait.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const gap = (off: number, epoch = "e1") => ({ type: "gap", ch: "all", epoch, off, reason: "trimmed" });
const note = (off: number) => ({ type: "announcement", message: String(off), $: { ch: "all", off } });

/** The orders in which the handlers of two overlapping gaps end. */
it.each([
  ["the first handler ends first", [0, 1]],
  ["the second handler ends first", [1, 0]],
])("a channel goes on after a gap while a gap is handled: %s [s-D7]", async (_, order) => {
  const server = await startScriptedServer();
  ends.push(() => server.stop());
  const client = createWebSocketClient({ url: server.url, WebSocket });
  ends.push(() => client.close());
  const heard: string[] = [];
  const handlers: (() => void)[] = [];
  client.on("announcement", ({ message }) => heard.push(message));
  client.onGap(() => new Promise<void>((resolve) => handlers.push(resolve)));
  await until("the connection", () => client.state.status === "open");
  server.connections[0]?.send(gap(10), note(11), gap(5, "e2"), note(6));
  await until("both gaps", () => handlers.length === 2);
  for (const which of order) handlers[which]?.();
  await until("the message after the gaps", () => heard.length > 0);
  server.connections[0]?.send(note(7));
  await until("the next message", () => heard.includes("7"));
  expect(heard).toEqual(["6", "7"]);
});
