import { createServer } from "node:http";
import crossws from "crossws/adapters/node";
import { enter, leave, receive } from "./application.ts";
import type { Doors, Message, User } from "./application.ts";
import { hostname, port } from "./domain.ts";

const sockets = crossws({
  hooks: {
    open(peer) {
      const doors = {
        reply: (message: Message) => peer.send(JSON.stringify(message)),
        everyone: (message: Message) => sockets.publish("all", JSON.stringify(message)),
        others: (message: Message) => peer.publish("all", JSON.stringify(message)),
      };
      peer.subscribe("all");
      Object.assign(peer.context, { user: enter(peer.request.url, doors), doors });
    },
    message(peer, message) {
      const { user, doors } = peer.context as { user: User; doors: Doors };
      receive(message.text(), user, doors);
    },
    close(peer) {
      const { user, doors } = peer.context as { user: User; doors: Doors };
      leave(user, doors);
    },
  },
});

const http = createServer();
http.on("upgrade", (request, socket, head) => void sockets.handleUpgrade(request, socket, head));
http.listen({ port, host: hostname, backlog: 1024 });
