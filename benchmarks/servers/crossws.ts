/** crossws on Node, which uses `ws`. */
import { createServer } from "node:http";
import crossws from "crossws/adapters/node";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message, Outbox, User } from "./application.ts";
import { hostname, port } from "./domain.ts";

const sockets = crossws({
  hooks: {
    open(peer) {
      const outbox = {
        reply: (message: Message) => peer.send(JSON.stringify(message)),
        toAll: (message: Message) => sockets.publish("all", JSON.stringify(message)),
        toOthers: (message: Message) => peer.publish("all", JSON.stringify(message)),
      };
      peer.subscribe("all");
      Object.assign(peer.context, { user: onOpen(peer.request.url, outbox), outbox });
    },
    message(peer, message) {
      const { user, outbox } = peer.context as { user: User; outbox: Outbox };
      onMessage(message.text(), user, outbox);
    },
    close(peer) {
      const { user, outbox } = peer.context as { user: User; outbox: Outbox };
      onClose(user, outbox);
    },
  },
});

const http = createServer();
http.on("upgrade", (request, socket, head) => void sockets.handleUpgrade(request, socket, head));
http.listen({ port, host: hostname, backlog: 1024 });
