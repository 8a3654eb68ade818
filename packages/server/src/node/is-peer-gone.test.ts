import { describe, expect, it } from "vitest";
import { isPeerGone } from "./is-peer-gone.ts";

const TCP = { destroyed: false, localAddress: "192.0.2.1", remoteAddress: "192.0.2.2" };
const RESET = { destroyed: false, localAddress: "192.0.2.1" };
const UNIX = { destroyed: false };

describe("isPeerGone", () => {
  it.each([
    ["of an open TCP connection is there", TCP, false],
    ["of a TCP connection without a remote address has reset it", RESET, true],
    ["of a destroyed connection is gone", { ...TCP, destroyed: true }, true],
    ["on a Unix socket is there without an address", UNIX, false],
    ["on a destroyed Unix socket is gone", { ...UNIX, destroyed: true }, true],
  ])("the peer %s", (_title, socket, isGone) => {
    expect(isPeerGone(socket)).toBe(isGone);
  });
});

it("reads the own address of a socket only where the peer has none: Node would keep it", () => {
  const socket = {
    destroyed: false,
    remoteAddress: "192.0.2.2",
    get localAddress(): string {
      throw new Error("read");
    },
  };
  expect(isPeerGone(socket)).toBe(false);
});
