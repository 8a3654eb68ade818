/** The client of Socket.IO. */
import { io } from "socket.io-client";
import { countMessage } from "./count.ts";

io({ transports: ["websocket"], query: { user: "page" } }).on("posted", countMessage);
