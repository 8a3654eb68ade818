/** The Halyard application on Bun. */
import { createBunWebSocket } from "@halyard/server/bun";
import { hostname, port } from "./domain.ts";
import { manager } from "./halyard.ts";

const { fetch, websocket } = createBunWebSocket({ manager, path: "/ws" });
Bun.serve({ hostname, port, fetch, websocket });
