// What the server would send in one frame, and the protocol does not carry.
import { createWebSocketClient } from "@halyard/client";
import { expect, it } from "vitest";
import WebSocket from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { scene, text, textsOf } from "../support/rights-scene.ts";
import { onEachRuntime } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const MIB = 1024 * 1024;

onEachRuntime("more than 1 MiB in one frame", {}, (app) => {
  it("is payload_too_large for the client that asked, is not published, and onError hears of both [s-D14]", async () => {
    const ada = await app.v1();
    expect(await ada.request("echo", { value: "x", times: MIB })).toMatchObject({
      type: "error",
      code: "payload_too_large",
      retryable: false,
    });
    // Two bytes each in UTF-8.
    expect(await ada.request("echo", { value: "é", times: MIB / 2 })).toMatchObject({ type: "error" });
    await app.command("publish", { count: 1, padding: MIB });
    expect(await ada.request("echo", { value: "x", times: MIB - 8_192 })).toMatchObject({ type: "reply" });
    expect(ada.all("notice")).toEqual([]);
    const errors = (await app.journal("error")).map(({ type }) => type);
    expect(errors).toEqual(["echo", "echo", "publish"]);
  });
});

it("a request whose reply is too large runs once, and the client with the package ws stays connected [s-D14]", async () => {
  const { url, handlers } = await scene({ onError: () => undefined });
  let runs = 0;
  handlers.onRequest("echo", ({ value, times = 1 }) => {
    runs++;
    return { value: value.repeat(times) };
  });
  const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket });
  let isOver = false;
  const states: string[] = [];
  client.onStateChange(({ status }) => states.push(status));
  const answer = client
    .request("echo", { value: "x", times: 3 * MIB })
    .catch((error: unknown) => error)
    .finally(() => (isOver = true));
  await until("the answer, or a second run", () => isOver || runs > 1);
  expect(runs).toBe(1);
  expect(await answer).toMatchObject({ code: "payload_too_large" });
  expect(states.filter((status) => status === "waiting")).toEqual([]);
  client.close();
});

it("the client with the package ws takes the largest frame that a server sends", async () => {
  const { url, handlers } = await scene({});
  handlers.onRequest("echo", ({ value, times = 1 }) => ({ value: value.repeat(times) }));
  const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket });
  const { value } = await client.request("echo", { value: "x", times: MIB - 8_192 });
  expect(value).toHaveLength(MIB - 8_192);
  client.close();
});

it("manager.send, a chat message that beforePublish grows, and manager.request keep to the bound, too [s-D14]", async () => {
  const errors: string[] = [];
  const { manager, connect } = await scene({
    onError: (error, { type }) => errors.push(`${type}: ${String((error as { code?: unknown }).code)}`),
    chat: { beforePublish: () => ({ content: "x".repeat(MIB) }) },
  });
  const ada = await connect("ada");
  const [ws] = manager.wsInstances.get("ada") ?? [];
  if (ws === undefined) throw new Error("not connected");
  manager.send(ws, text("x".repeat(MIB)));
  expect(await ada.deliver("chat_message", { content: "grow" })).toMatchObject({
    type: "error",
    code: "payload_too_large",
  });
  await expect(
    Promise.race([
      manager.request(ws, "confirm", { value: "x".repeat(MIB) }, { timeoutMs: 1_000 }),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ]),
  ).rejects.toMatchObject({ code: "payload_too_large" });
  await ada.sync();
  expect(textsOf(ada)).toEqual([]);
  expect(errors).toEqual(["send: payload_too_large", "chat_message: payload_too_large"]);
});
