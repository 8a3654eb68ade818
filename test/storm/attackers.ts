// The program with the connections of the user who fills the memory. A process of their own lets them read without a delay for
// the clients that are measured. `pin.ts` starts and stops the program, which then reports the number of stored sends.
import { readInput, serveParent } from "../support/child.ts";
import { PinningClient } from "./pinning-client.ts";

export interface AttackersInput {
  readonly port: number;
  readonly connections: number;
  readonly rooms: number;
  /** The interval between the reconnects of each connection, in ms. @default no reconnects */
  readonly reconnectMs?: number | undefined;
}

const { port, connections, rooms, reconnectMs } = readInput<AttackersInput>();
const each = Math.ceil(rooms / connections);
const clients = Array.from({ length: connections }, (_, connection) => {
  const names = Array.from({ length: each }, (_room, n) => `pinned-${String(connection * each + n)}`);
  return new PinningClient(port, names, reconnectMs);
});

serveParent({
  /** Ends all connections. @returns the number of stored sends */
  stop: () => {
    for (const client of clients) client.stop();
    return clients.reduce((sum, { stored }) => sum + stored, 0);
  },
});
