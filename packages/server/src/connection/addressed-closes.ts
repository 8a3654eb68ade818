// Closes connections by id, on whatever node they are.
// Called by the handshake for connections that have lost their slot, and by the backplane for requests of other nodes.
// Guarantee: a close that is lost on its way is repeated when its node declares its connections again (see presence-hub.ts).
import { CloseCode } from "@halyard/protocol/wire";
import type { Backplane, Eviction } from "../backplane.ts";
import type { ConnectionTable } from "./connection-table.ts";

/** The dependencies of {@link AddressedCloses}. */
export interface AddressedClosesParts {
  readonly backplane: Pick<Backplane, "nodeId" | "send">;
  readonly connections: ConnectionTable;
  readonly onError: (error: unknown) => void;
}

/** A close, as one node sends it to another. */
interface CloseMessage {
  readonly close: string;
  readonly user: string;
  readonly code: number;
}

const EVICTION_CODES = { superseded: CloseCode.Superseded, limit: CloseCode.Evicted } as const;

/** Closes connections of this node and of others. */
export class AddressedCloses {
  readonly #parts: AddressedClosesParts;

  constructor(parts: AddressedClosesParts) {
    this.#parts = parts;
  }

  evict({ user, connectionId, reason }: Eviction): void {
    this.close({ user, close: connectionId, code: EVICTION_CODES[reason] });
  }

  close(message: CloseMessage): void {
    const { backplane, onError } = this.#parts;
    if (this.closeHere(message)) return;
    const nodeId = nodeOf(message.close);
    if (nodeId !== backplane.nodeId) backplane.send(nodeId, JSON.stringify(message)).catch(onError);
  }

  /** @returns whether this node has the connection */
  closeHere({ user, close, code }: CloseMessage): boolean {
    const connection = this.#parts.connections.ofUser(user).find(({ id }) => id === close);
    connection?.close(code);
    return connection !== undefined;
  }
}

/** The node of a connection, whose id is the node's id, a dot and a number. */
export function nodeOf(connectionId: string): string {
  return connectionId.slice(0, connectionId.lastIndexOf("."));
}
