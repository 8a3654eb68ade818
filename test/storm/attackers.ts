// The connections of the user who fills the memory, in a process of their own: reading what comes back must not delay the clients
// that are measured.
// Started by `pin.ts`, which stops it and asks how many sends were answered.
import { readInput, serveParent } from "../support/child.ts";
import { PinningClient } from "./pinning-client.ts";

export interface AttackersInput {
  readonly port: number;
  readonly connections: number;
  readonly rooms: number;
  /** How often each connection reconnects. @default never */
  readonly reconnectMs?: number | undefined;
}

const { port, connections, rooms, reconnectMs } = readInput<AttackersInput>();
const each = Math.ceil(rooms / connections);
const clients = Array.from({ length: connections }, (_, connection) => {
  const names = Array.from({ length: each }, (_room, n) => `pinned-${String(connection * each + n)}`);
  return new PinningClient(port, names, reconnectMs);
});

serveParent({
  /** Ends all connections. @returns how many sends were stored */
  stop: () => {
    for (const client of clients) client.stop();
    return clients.reduce((sum, { sent }) => sum + sent, 0);
  },
});
