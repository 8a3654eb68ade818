import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { nodeTransports } from "./node-transport.ts";

const socketWith = (fields: object): WebSocket => fields as WebSocket;

describe("the fallback of the raw socket write", () => {
  it.each([
    ["a TCP socket whose handle is unknown", { _socket: new Socket(), _extensions: {} }],
    ["a WebSocket without the field _socket", { _extensions: {} }],
    ["a WebSocket without the field _extensions", { _socket: new Socket() }],
  ])("is reported for %s", (_, fields) => {
    const onFallback = vi.fn();
    nodeTransports({ onFallback })(socketWith(fields));
    expect(onFallback).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["compression is negotiated", { _socket: new Socket(), _extensions: { "permessage-deflate": {} } }, true],
    ["the socket is a stream of another kind", { _socket: new Duplex(), _extensions: {} }, true],
    ["the socket has closed already", { _socket: new Socket().destroy(), _extensions: {} }, true],
    ["the kill switch is off", { _socket: new Socket(), _extensions: {} }, false],
  ])("is expected and not reported when %s", (_, fields, usesRawWrite) => {
    const onFallback = vi.fn();
    nodeTransports({ onFallback, usesRawWrite })(socketWith(fields));
    expect(onFallback).not.toHaveBeenCalled();
  });
});
