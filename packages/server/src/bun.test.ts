import { afterEach, expect, it, vi } from "vitest";
import { createBunWebSocket } from "./bun.ts";
import { createWebSocketSystem } from "./system.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it.each([
  ["HALYARD_BATCH_GROUPS", "off", 1],
  ["HALYARD_BATCH_GROUPS", "on", 0],
])("the entry for Bun reads %s=%s and logs what is off: %i line", async (name, value, lines) => {
  vi.stubEnv(name, value);
  const info = vi.fn();
  const ignore = (): void => undefined;
  const { manager } = createWebSocketSystem({
    authenticate: () => null,
    logger: { debug: ignore, info, warn: ignore, error: ignore },
  });
  createBunWebSocket({ manager });
  expect(info.mock.calls.map(([fields]) => fields as unknown)).toEqual(Array(lines).fill({ off: [name] }));
  await manager.close();
});

it("what Bun bounds for all sockets leaves room for the limits of the system", async () => {
  const { manager } = createWebSocketSystem({
    authenticate: () => null,
    limits: { maxBufferedBytes: 10_485_760, rooms: 1_000, silenceMs: 350_000 },
  });
  const { websocket } = createBunWebSocket({ manager });
  expect(websocket.backpressureLimit).toBeGreaterThan(10_485_760);
  expect(websocket.maxPayloadLength).toBe(8_192 + 1_000 * 1_280);
  expect(websocket.idleTimeout).toBeGreaterThan(350);
  await manager.close();
});
