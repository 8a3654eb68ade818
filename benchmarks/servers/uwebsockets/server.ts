import { createRequire } from "node:module";
import { enter, leave, receive } from "../application.ts";
import type { Doors, Message, User } from "../application.ts";
import { hostname, port } from "../domain.ts";
import type { UWebSockets } from "./uwebsockets.ts";

type Data = { readonly url: string; user?: User; doors?: Doors };
const uWS = createRequire(import.meta.url)("uwebsockets") as UWebSockets;

const app = uWS.App().ws<Data>("/ws", {
  maxBackpressure: 1024 * 1024,
  upgrade(response, request, context) {
    const headers = ["key", "protocol", "extensions"].map((name) =>
      request.getHeader(`sec-websocket-${name}`),
    );
    const [key = "", protocol = "", extensions = ""] = headers;
    response.upgrade<Data>({ url: `?${request.getQuery()}` }, key, protocol, extensions, context);
  },
  open(ws) {
    const data = ws.getUserData();
    ws.subscribe("all");
    data.doors = {
      reply: (message: Message) => ws.send(JSON.stringify(message)),
      everyone: (message: Message) => app.publish("all", JSON.stringify(message)),
      others: (message: Message) => ws.publish("all", JSON.stringify(message)),
    };
    data.user = enter(data.url, data.doors);
  },
  message(ws, bytes) {
    const { user, doors } = ws.getUserData();
    if (user && doors) receive(Buffer.from(bytes).toString(), user, doors);
  },
  close(ws) {
    const { user } = ws.getUserData();
    if (user) leave(user, { others: (message) => app.publish("all", JSON.stringify(message)) });
  },
});
app.listen(hostname, port, () => undefined);
