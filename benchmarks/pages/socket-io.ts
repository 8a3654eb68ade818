import { io } from "socket.io-client";
import { take } from "./count.ts";

io({ transports: ["websocket"], query: { user: "page" } }).on("posted", take);
