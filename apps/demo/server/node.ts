import { once } from "node:events";
import { createServer } from "node:http";
import { attachWebSocketServer, closeOnSignals } from "@halyard/server/node";
import { SOCKET_PATH } from "../shared/constants.ts";
import { VISIT_SOCKET_PATH } from "../shared/visit.ts";
import { closeTogether } from "./close-together.ts";
import { main } from "./main.ts";
import { createNodeListener } from "./node-listener.ts";

await main(async ({ config, manager, visits, fetch, close }) => {
  // By default Node lets a slow client hold a request open for five minutes.
  const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 2_000 };
  const server = createServer(timeouts, createNodeListener(fetch, config.publicOrigin));
  attachWebSocketServer(server, { manager, path: SOCKET_PATH });
  attachWebSocketServer(server, { manager: visits, path: VISIT_SOCKET_PATH });
  server.listen(config.port, config.host);
  await once(server, "listening");
  closeOnSignals(closeTogether(manager, visits), { server, onClose: close });
});
