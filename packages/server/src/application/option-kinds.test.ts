import type { BuiltinProtocol } from "@halyard/protocol";
import { expect, it } from "vitest";
import { createPublisher } from "../cluster/create-publisher.ts";
import type { PublisherOptions } from "../cluster/create-publisher.ts";
import type { WebSocketManagerConfig } from "../config.ts";
import { createWebSocketSystem } from "../system.ts";

it.each([
  [{ authorize: true }, "authorize is true: write authorize: ({ user, room }) => true"],
  [{ data: {} }, "data is another object: write data: () => ({ … })"],
  [{ onJoin: "log" }, "onJoin is log: write onJoin: ({ user }, room) => { … }"],
  [
    { backplane: { url: "redis://x" } },
    "backplane is another object: write backplane: redisBackplane({ url })",
  ],
])("a system refuses %j, with the line to write", (config: object, text) => {
  expect(() => createWebSocketSystem(config as WebSocketManagerConfig)).toThrow(new TypeError(text));
});

it("a publisher refuses options without a backplane, with the line to write", () => {
  const options = { url: "redis://x" } as unknown as PublisherOptions<BuiltinProtocol>;
  expect(() => createPublisher(options)).toThrow(
    new TypeError("backplane is undefined: write backplane: redisBackplane({ url })"),
  );
});
