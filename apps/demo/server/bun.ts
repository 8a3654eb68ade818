import { closeOnSignals, combineBunWebSockets, createBunWebSocket } from "@halyard/server/bun";
import { SOCKET_PATH } from "../shared/constants.ts";
import { VISIT_SOCKET_PATH } from "../shared/visit.ts";
import { ADDRESS_HEADER } from "./auth.ts";
import { closeTogether } from "./close-together.ts";
import { plain } from "./fetch.ts";
import { main } from "./main.ts";

await main(({ config, manager, visits, fetch, close }) => {
  const sockets = combineBunWebSockets(
    createBunWebSocket({ manager, path: SOCKET_PATH }),
    createBunWebSocket({ manager: visits, path: VISIT_SOCKET_PATH }),
  );
  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    idleTimeout: 30,
    maxRequestBodySize: 64 * 1024,
    websocket: sockets.websocket,
    // Without it, Bun shows a visitor the source of the server beside an error.
    development: false,
    async fetch(request, server) {
      // Bun takes the host of the URL from the header of the client.
      if (!URL.canParse(request.url)) return plain(400, "Bad request");
      const answer = await sockets.fetch(request, server);
      const { pathname } = new URL(request.url);
      if (answer !== undefined || pathname === SOCKET_PATH || pathname === VISIT_SOCKET_PATH) return answer;
      request.headers.set(ADDRESS_HEADER, server.requestIP(request)?.address ?? "");
      return fetch(request);
    },
  });
  closeOnSignals(closeTogether(manager, visits), { server, onClose: close });
});
