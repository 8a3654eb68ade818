import type { WebSocketInstance } from "@halyard/server";
import { beforeEach, describe, expect, it } from "vitest";
import { MemorySocket } from "./memory-link.ts";
import type { Link, LinkObserver } from "./memory-link.ts";
import type { Traffic } from "./traffic.ts";
import { queueMacrotask, waitOneTurn } from "../clock/event-loop.ts";

let log: string[];
let traffic: Traffic;
let link: Link | undefined;
let server: WebSocketInstance | undefined;

function connect(open: (ws: WebSocketInstance) => void = () => {}): MemorySocket {
  const observer: LinkObserver = {
    traffic,
    queueTurn: queueMacrotask,
    data: { userId: "ada" },
    server: {
      open: (ws) => {
        log.push("server open");
        server = ws;
        open(ws);
      },
      message: (_, text) => log.push(`server got ${text}`),
      close: (ws, code) => log.push(`server close ${code} ${ws.readyState}`),
    },
    connected: (made) => (link = made),
    sent: () => {},
    received: () => {},
    closed: () => {},
  };
  const socket = new MemorySocket(observer, "ws://halyard.test/ws");
  socket.addEventListener("open", () => log.push("client open"));
  socket.addEventListener("message", (event) =>
    log.push(`client got ${String((event as MessageEvent).data)}`),
  );
  socket.addEventListener("close", (event) => {
    const { code, reason, wasClean } = event as CloseEvent;
    log.push(`client close ${code} ${reason} ${wasClean}`);
  });
  return socket;
}

async function settle(): Promise<void> {
  do await waitOneTurn();
  while (traffic.inFlight > 0);
}

beforeEach(() => {
  log = [];
  traffic = { inFlight: 0, count: 0 };
});

describe("MemorySocket", () => {
  it("opens at the server first, and delivers in order, never within the call that sends", async () => {
    const socket = connect((ws) => ws.send("welcome"));
    expect(log).toEqual([]);
    await settle();
    socket.send("1");
    socket.send("2");
    server?.send("a");
    server?.send("b");
    log.push("sent");
    await settle();
    expect(log).toEqual([
      ...["server open", "client open", "client got welcome", "sent"],
      ...["server got 1", "server got 2", "client got a", "client got b"],
    ]);
  });

  it("closes with the client's code at both ends, after the frames that were sent before", async () => {
    const socket = connect();
    await settle();
    log = [];
    socket.send("last");
    socket.close(1000, "done");
    socket.send("too late");
    server?.send("into a closing socket");
    await settle();
    expect(log).toEqual(["server got last", "server close 1000 3", "client close 1000 done true"]);
  });

  it("closes with the server's code at both ends", async () => {
    connect();
    await settle();
    log = [];
    server?.send("last");
    server?.close(4012, "retryAfterMs=5");
    server?.send("too late");
    await settle();
    expect(log).toEqual(["client got last", "client close 4012 retryAfterMs=5 true", "server close 4012 3"]);
  });

  it("reports 1005 at both ends for a close without a code", async () => {
    const socket = connect();
    await settle();
    log = [];
    socket.close();
    await settle();
    expect(log).toEqual(["server close 1005 3", "client close 1005  true"]);
  });

  it("closes each end with the other's code when both close at once", async () => {
    const socket = connect();
    await settle();
    log = [];
    socket.close(3001);
    server?.close(4000);
    await settle();
    expect(log.toSorted()).toEqual(["client close 4000  true", "server close 3001 3"]);
  });

  it("loses every frame on its way when it is cut, and reports 1006 once at each end", async () => {
    const socket = connect();
    await settle();
    log = [];
    socket.send("lost");
    server?.send("lost");
    link?.cut();
    socket.send("into nothing");
    link?.cut();
    await settle();
    socket.close(1000);
    await settle();
    expect(log).toEqual(["server close 1006 3", "client close 1006  false"]);
    expect(traffic.inFlight).toBe(0);
  });

  it("never opens at the server when the client closes it before that", async () => {
    connect().close();
    await settle();
    expect(log).toEqual(["client close 1006  false"]);
  });

  it("throws where a WebSocket throws: early sends, reserved codes and long reasons", async () => {
    const socket = connect();
    expect(() => socket.send("early")).toThrow("Still connecting");
    await settle();
    expect(() => socket.close(1001)).toThrow("cannot close with 1001");
    expect(() => socket.close(4000, "x".repeat(124))).toThrow(SyntaxError);
    expect(() => server?.close(1006)).toThrow(TypeError);
    expect(() => server?.close(4000, "é".repeat(62))).toThrow(SyntaxError);
  });
});
