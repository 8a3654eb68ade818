/** The Halyard application on Node. */
import { createServer } from "node:http";
import { attachWebSocketServer } from "@halyard/server/node";
import { compression, hostname, port } from "./domain.ts";
import { manager } from "./halyard.ts";

const server = createServer();
attachWebSocketServer(server, { manager, path: "/ws", compression });
server.listen({ port, host: hostname, backlog: 1024 });
