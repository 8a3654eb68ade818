import { describe, expect, it } from "vitest";
import * as browser from "./create-socket.browser.ts";
import * as all from "./create-socket.ts";

describe("the sockets of the build for browsers", () => {
  it("come from functions with the same names as in the build for all platforms", () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(all).sort());
  });

  it("are constructed with the address and the subprotocols only", () => {
    const calls: unknown[][] = [];
    const BrowserSocket = function (...parameters: unknown[]) {
      calls.push(parameters);
    };
    browser.createSocket({ url: "/ws", WebSocket: BrowserSocket as never }, "wss://halyard.test/ws", [
      "halyard.v1",
    ]);
    expect(calls).toEqual([["wss://halyard.test/ws", ["halyard.v1"]]]);
  });
});
