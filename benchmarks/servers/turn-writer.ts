/** Encodes a frame once for all receivers, and writes all frames of one turn of the event loop to a connection in one write. */
import type { Socket } from "node:net";
import * as ws from "ws";

const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };

export class Client {
  readonly socket: Socket;
  queue: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }
}

let withQueue: Client[] = [];

/** Sends a text to the receivers at the end of the turn. @param except a receiver that does not get the text */
export function push(receivers: Iterable<Client>, text: string, except?: Client): void {
  const frame = Buffer.concat(Sender.frame(Buffer.from(text), { fin: true, opcode: 1, readOnly: false }));
  for (const client of receivers)
    if (client !== except && client.queue.push(frame) === 1 && withQueue.push(client) === 1)
      setImmediate(flush);
}

function flush(): void {
  for (const { socket, queue } of withQueue)
    socket.write(queue.length === 1 ? (queue[0] ?? "") : Buffer.concat(queue));
  for (const client of withQueue) client.queue = [];
  withQueue = [];
}
