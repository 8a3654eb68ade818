import { once } from "node:events";
import { createServer } from "node:http";
import { attachWebSocketServer, closeOnSignals } from "@halyard/server/node";
import { SOCKET_PATH } from "../shared/constants.ts";
import { main } from "./main.ts";
import { createNodeListener } from "./node-listener.ts";

await main(async ({ config, manager, fetch, close }) => {
  // Node's own defaults let a slow client hold a request open for five minutes.
  const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2_000 };
  const server = createServer(timeouts, createNodeListener(fetch, config.publicOrigin));
  attachWebSocketServer(server, { manager, path: SOCKET_PATH });
  server.listen(config.port, config.host);
  await once(server, "listening");
  closeOnSignals(manager, { server, onClose: close });
});
