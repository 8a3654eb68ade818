/** The client of Halyard. */
import { createWebSocketClient } from "@halyard/client";
import type { ProtocolOf } from "@halyard/protocol";
import type { protocol } from "../servers/contract.ts";
import { countMessage } from "./count.ts";

createWebSocketClient<ProtocolOf<typeof protocol>>({ url: "/ws?user=page" }).on("posted", countMessage);
