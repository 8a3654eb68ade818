// A WebSocket server whose frames a test decides, for tests of the client.
// Written from PROTOCOL.md alone: the server answers `hello` with a welcome, and gives every other frame to the test.
// `stop` ends all of its sockets.
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { Frame } from "./frame.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

export interface ScriptedServer {
  readonly port: number;
  readonly url: string;
  /** All connections so far, in order. */
  readonly connections: ScriptedConnection[];
  stop(): Promise<void>;
}

export interface ScriptedConnection {
  readonly ws: WebSocket;
  readonly socket: Duplex;
  readonly frames: Frame[];
  send(...frames: object[]): void;
}

export interface Script {
  /** Answers a request that is no upgrade. @default 404 */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  /** The HTTP answer in place of an upgrade, as text. @default none: the upgrade is accepted */
  readonly refusal?: string | undefined;
  /** Called with each frame after `hello`. */
  readonly onFrame?: (frame: Frame, connection: ScriptedConnection) => void;
  /** The fields of a welcome that differ from the default ones. @param attempt counts all connections, from 1 */
  readonly welcome?: (attempt: number) => object;
}

export async function startScriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const connections: ScriptedConnection[] = [];
  const wss = new WebSocketServer({ noServer: true, handleProtocols: () => "halyard.v1" });
  const server = createServer((request, response) => {
    if (script.onRequest) script.onRequest(request, response);
    else response.writeHead(404).end();
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined);
    if (script.refusal !== undefined) {
      socket.end(script.refusal);
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const send = (...frames: object[]) => {
        for (const frame of frames) ws.send(JSON.stringify(frame));
      };
      const connection: ScriptedConnection = { ws, socket, frames: [], send };
      connections.push(connection);
      ws.on("error", () => undefined);
      ws.on("message", (data) => {
        const frame = JSON.parse((data as Buffer).toString()) as Frame;
        connection.frames.push(frame);
        if (frame.type === "hello") send(welcomeTo(frame, script.welcome?.(connections.length)));
        else script.onFrame?.(frame, connection);
      });
    });
  });
  const port = await listenOnLoopback(server);
  const stop = async () => {
    for (const { ws } of connections) ws.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, url: `ws://127.0.0.1:${String(port)}/ws`, connections, stop };
}

function welcomeTo(hello: Frame, fields: object = {}): object {
  return {
    type: "welcome",
    $: { re: hello.$?.["id"] },
    connectionId: "n1.1",
    user: { userId: "ada", name: "Ada", connectedAt: "2026-11-23T09:00:00.000Z" },
    limits: { messageBytes: 65_536, unacknowledged: 32, messagesPerSecond: 50, bytesPerSecond: 262_144 },
    heartbeat: { intervalMs: 25_000, timeoutMs: 35_000 },
    ephemeral: ["typing_indicator"],
    channels: { all: { epoch: "e1", off: 0, recovered: "new" } },
    ...fields,
  };
}
