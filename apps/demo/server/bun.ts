import { closeOnSignals, createBunWebSocket } from "@halyard/server/bun";
import { SOCKET_PATH } from "../shared/constants.ts";
import { ADDRESS_HEADER } from "./auth.ts";
import { main } from "./main.ts";

await main(({ config, manager, fetch, close }) => {
  const sockets = createBunWebSocket({ manager, path: SOCKET_PATH });
  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    idleTimeout: 30,
    maxRequestBodySize: 64 * 1024,
    websocket: sockets.websocket,
    async fetch(request, server) {
      if (new URL(request.url).pathname === SOCKET_PATH) return sockets.fetch(request, server);
      request.headers.set(ADDRESS_HEADER, server.requestIP(request)?.address ?? "");
      return fetch(request);
    },
  });
  closeOnSignals(manager, { server, onClose: close });
});
