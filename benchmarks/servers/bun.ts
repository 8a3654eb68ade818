import { enter, leave, receive } from "./application.ts";
import type { Doors, Message, User } from "./application.ts";
import { hostname, port } from "./domain.ts";

interface Data {
  readonly url: string;
  user?: User;
  doors?: Doors;
}

const server = Bun.serve({
  hostname,
  port,
  fetch: (request, server) =>
    server.upgrade(request, { data: { url: request.url } }) ? undefined : new Response(null, { status: 404 }),
  websocket: {
    data: {} as Data,
    open(ws) {
      ws.subscribe("all");
      ws.data.doors = {
        reply: (message: Message) => ws.send(JSON.stringify(message)),
        everyone: (message: Message) => server.publish("all", JSON.stringify(message)),
        others: (message: Message) => ws.publish("all", JSON.stringify(message)),
      };
      ws.data.user = enter(ws.data.url, ws.data.doors);
    },
    message({ data: { user, doors } }, message) {
      if (user && doors) receive(message, user, doors);
    },
    close({ data: { user } }) {
      if (user) leave(user, { others: (message) => server.publish("all", JSON.stringify(message)) });
    },
  },
});
