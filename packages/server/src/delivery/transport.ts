// What delivery knows about a runtime and about a connection.
// Transports implement the first half, Connection the second; the writer works with both.
// Types only: nothing here exists at run time.

import type { WebSocketInstance } from "../types.ts";
import type { Backlog } from "./backlog.ts";
import type { Batch, OutboundFrame } from "./outbound-frame.ts";

/**
 * Writes frames to the sockets of one runtime. One object serves all sockets of the runtime, so it costs nothing per
 * connection. Most members are optional, because a minimal socket has only `send` and `close`.
 */
export interface Transport {
  /** @returns false if the socket dropped bytes, so that the connection must be closed */
  write(ws: WebSocketInstance, batch: Batch): boolean;
  /** How many bytes wait to be sent. */
  bufferedAmount(ws: WebSocketInstance): number;
  /**
   * How many bytes have left the process since the connection opened. Undefined if the runtime does not count them: progress then
   * shows in fewer waiting bytes, or in a report of the runtime.
   */
  readonly sentBytes?: ((ws: WebSocketInstance) => number) | undefined;
  /** Sends a ping. Defined only for sockets whose pongs reach the manager. */
  readonly ping?: ((ws: WebSocketInstance) => void) | undefined;
  /** Whether the peer has begun a message and not finished it. Undefined if the runtime does not expose it. */
  readonly isReceiving?: ((ws: WebSocketInstance) => boolean) | undefined;
  /** Ends the socket without a closing handshake. */
  readonly terminate?: ((ws: WebSocketInstance) => void) | undefined;
  /** Writes a batch to many sockets at once, if the runtime can. */
  readonly groupBroadcast?: GroupBroadcast | undefined;
}

/** Writes the same batch to many recipients at once, using a feature of the runtime. */
export interface GroupBroadcast {
  /** @returns false if the recipient must be written to individually, now */
  offer(recipient: Recipient, batch: Batch, bufferedBytes: number): boolean;
  /**
   * Writes to every recipient that was accepted. Never throws: a topic or a socket that throws affects no other.
   *
   * @param write writes to a single recipient
   * @param fail closes a recipient that would continue to get the frames of others
   */
  flush(write: (recipient: Recipient, batch: Batch) => void, fail: (recipient: Recipient) => void): void;
  /** Call when the recipient is closed. @throws what the runtime throws */
  leave(recipient: Recipient): void;
}

/** A topic of the runtime, and how many connections subscribe to it. */
export interface Topic {
  readonly name: string;
  size: number;
  publishCount: number;
  /** Whether its subscribers no longer get the same frames, so that it must not be used. */
  isRetired: boolean;
}

/** What delivery needs of a connection. */
export interface Recipient {
  readonly ws: WebSocketInstance;
  readonly transport: Transport;
  readonly stage: string;
  readonly backlog: Backlog | undefined;
  /** The topic of the runtime that this recipient subscribes to. */
  topic: Topic | undefined;
  /** Takes the frames of this turn; none are left afterwards. */
  takeBatch(): Batch;
  /** Adds a frame to those written at the end of this turn, and advances the position in its channel. */
  pushFromChannel(frame: OutboundFrame, channel?: string): void;
  /** Closes the connection with a close code. */
  close(code: number, reason: string): void;
}
