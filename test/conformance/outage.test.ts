import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { RATES } from "../support/real-limits.ts";
import { onEachBackplane, ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const ATTEMPTS = 4;

onEachBackplane("a client on a failing network", { limits: RATES }, (app) => {
  let proxy: FaultProxy;
  let client: WebSocketClient<typeof protocol>;
  let userId: string;
  /** Every frame that the client has written, on all of its connections. */
  let written: string[];

  beforeEach(async () => {
    proxy = await createFaultProxy({ target: { port: app.port } });
    written = [];
    userId = app.user();
    const headers = { cookie: `session=${userId}`, origin: ORIGIN };
    client = createWebSocketClient<typeof protocol>({
      url: `ws://127.0.0.1:${String(proxy.port)}/ws`,
      backoff: { baseMs: 100 },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers });
        }

        override send(data: string): void {
          written.push(data);
          super.send(data);
        }
      },
    });
    await until("the client to be open", () => client.state.status === "open");
  });
  afterEach(async () => {
    client.close();
    await proxy.close();
  });

  const cut = (): void => {
    for (const connection of proxy.connections) connection.cut();
  };

  it("an outbox of 200 messages is delivered in order after a reconnect and exceeds no rate limit", async () => {
    proxy.refuse();
    cut();
    await until("the loss to be noticed", () => client.state.status !== "open");
    const texts = Array.from({ length: 200 }, (_, n) => String(n));
    const receipts = texts.map((text) => client.send("note", { text }));
    proxy.accept();
    const statuses = (await Promise.all(receipts)).map(({ status }) => status);
    expect(statuses).toEqual(Array(200).fill("delivered"));
    const notes = await app.journal("note", userId);
    expect(notes.map(({ text }) => text)).toEqual(texts);
    expect(written.filter((frame) => frame.includes('"note"'))).toHaveLength(200);
  });

  it("a message that is sent four times is handled once and gets one receipt", async () => {
    const receipt = client.send("wait", { ms: 1_000, tag: "once" });
    for (let attempts = 1; attempts < ATTEMPTS; attempts++) {
      await until(
        `attempt ${String(attempts)}`,
        () => written.filter((frame) => frame.includes('"once"')).length === attempts,
      );
      cut();
    }
    expect(await receipt).toMatchObject({ status: "delivered" });
    expect(written.filter((frame) => frame.includes('"once"'))).toHaveLength(ATTEMPTS);
    expect(await app.journal("wait", userId)).toHaveLength(1);
  });
});
