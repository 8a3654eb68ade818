// What runs in each runtime: a client that is made while the script loads, and one that does what a client does.
// Bundled into one script, which sets `drive`.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClientOptions } from "@halyard/client";
import type { EchoProtocol } from "../support/echo-server.ts";

/** What a run ends with: an object of strings, so that it can leave any runtime. */
export interface Outcome {
  readonly receipt: string;
  readonly heard: string;
  readonly echoed: string;
  readonly aborted: string;
  readonly afterReconnect: string;
}

export type Drive = (options: WebSocketClientOptions) => Promise<Outcome>;

const early = createWebSocketClient({ url: "ws://127.0.0.1:1/ws", autoConnect: false });

const drive: Drive = async (options) => {
  early.close();
  const client = createWebSocketClient<EchoProtocol>(options);
  const room = client.join("general");
  const heard = new Promise<string>((resolve) => {
    room.on("chat_message", ({ content }) => resolve(content));
  });
  await room.ready;
  const receipt = await room.send("chat_message", { content: "Zürich 🎉" });
  const controller = new AbortController();
  controller.abort();
  const aborted = await client
    .request("echo", "hi", { signal: controller.signal })
    .catch((error: unknown) => (error as Error).name);
  const echoed = await client.request("echo", "hi");
  client.reconnect();
  const outcome = {
    receipt: receipt.status,
    heard: await heard,
    echoed,
    aborted,
    afterReconnect: await client.request("echo", "again"),
  };
  client.close();
  return outcome;
};

Object.assign(globalThis, { drive });
