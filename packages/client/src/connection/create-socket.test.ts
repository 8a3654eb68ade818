import { channel } from "node:diagnostics_channel";
import { expect, it, vi } from "vitest";
import { FakeSocket } from "../../test/fake-socket.ts";
import type { WebSocketClientOptions } from "../index.ts";
import { createSocket, limitClosing } from "./create-socket.ts";

it("ends the connection of its own socket when closing takes too long, and none of another request, whatever their paths are", () => {
  const path = "/ws?c=0123456789abcdef&a=1&next=/";
  const WebSocket = FakeSocket as unknown as NonNullable<WebSocketClientOptions["WebSocket"]>;
  const url = `ws://halyard.test${path}`;
  const socket = createSocket({ url, WebSocket }, url, ["halyard.v1"]);
  // As Node's own WebSocket and `fetch` publish it.
  const requestWritten = channel("undici:client:sendHeaders");
  const [own, other] = [{ destroy: vi.fn() }, { destroy: vi.fn() }];
  requestWritten.publish({ request: { path }, socket: own });
  requestWritten.publish({ request: { path: "/" }, socket: other });
  let expire: () => void = () => {};
  const setTimeout = (callback: () => void): number => {
    expire = callback;
    return 1;
  };
  limitClosing(socket, { now: () => 0, random: () => 0, setTimeout, clearTimeout: () => {} });
  expire();
  expect(other.destroy).not.toHaveBeenCalled();
  expect(own.destroy).toHaveBeenCalledOnce();
});
