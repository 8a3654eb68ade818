// A server in the process of the test, for tests of the runtimes of the client. Its request `echo` answers with its input.
// The name in the URL is the user, and every user may use every room.
import { defineProtocol, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { z } from "zod";
import { listenOnLoopback } from "./listen-on-loopback.ts";

const protocol = defineProtocol({ requests: { echo: request({ input: z.string(), output: z.string() }) } });
export interface EchoProtocol extends ProtocolOf<typeof protocol> {}

export interface EchoServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startEchoServer(): Promise<EchoServer> {
  const { manager, handlers } = createWebSocketSystem({
    protocol,
    authenticate: ({ url }) => {
      const name = new URL(url, "http://localhost").searchParams.get("name") ?? "nobody";
      return { user: { id: name, name } };
    },
    authorize: () => true,
  });
  handlers.onRequest("echo", (text) => text);
  const server = createServer();
  attachWebSocketServer(server, { manager });
  const port = await listenOnLoopback(server);
  return {
    url: `ws://127.0.0.1:${String(port)}/ws?name=ada`,
    close: async () => {
      server.close();
      await manager.close();
    },
  };
}
