/** `ws` with the tick-wise write by hand: a frame is made once, and a connection's frames of a turn are one write. */
import type { Socket } from "node:net";
import * as ws from "ws";
import { enter, leave, receive } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port } from "./domain.ts";

const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };
const server = new ws.WebSocketServer({ port, host: hostname, path: "/ws", backlog: 1024 });
const members = new Set<Member>();
let dirty: Member[] = [];
type Member = { readonly socket: Socket; queue: Buffer[] };

server.on("connection", (socket, request) => {
  const member: Member = { socket: request.socket, queue: [] };
  const doors = {
    reply: (message: Message) => push([member], message),
    everyone: (message: Message) => push(members, message),
    others: (message: Message) => push(members, message, member),
  };
  members.add(member);
  const user = enter(request.url, doors);
  socket.on("error", () => undefined);
  socket.on("message", (data) => receive((data as Buffer).toString(), user, doors));
  socket.on("close", () => members.delete(member) && leave(user, doors));
});
function push(audience: Iterable<Member>, message: Message, except?: Member): void {
  const data = Buffer.from(JSON.stringify(message));
  const frame = Buffer.concat(Sender.frame(data, { fin: true, opcode: 1, readOnly: false }));
  for (const member of audience)
    if (member !== except && member.queue.push(frame) === 1 && dirty.push(member) === 1) setImmediate(flush);
}
function flush(): void {
  for (const { socket, queue } of dirty)
    socket.write(queue.length === 1 ? (queue[0] ?? "") : Buffer.concat(queue));
  for (const member of dirty) member.queue = [];
  dirty = [];
}
