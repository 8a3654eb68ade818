import type { WebSocketInstance } from "../types.ts";
import type { Backlog } from "./backlog.ts";
import type { Batch, OutboundFrame } from "./outbound-frame.ts";

/**
 * How frames reach a socket of one runtime. One object for all sockets of the runtime: nothing of it is paid per
 * connection. Everything but `write` is optional, because a bare socket can no more than `send` and `close`.
 */
export interface Transport {
  /** @returns false when the socket threw something away, so that the connection must end */
  write(ws: WebSocketInstance, batch: Batch): boolean;
  /** Bytes that wait for the peer. */
  bufferedAmount(ws: WebSocketInstance): number;
  /** Sends a ping; only for sockets whose pongs reach `manager` again. */
  readonly ping?: ((ws: WebSocketInstance) => void) | undefined;
  /** Whether a message of the peer has begun and is not whole. Undefined where the runtime does not show it. */
  readonly isReceiving?: ((ws: WebSocketInstance) => boolean) | undefined;
  /** Ends the socket without a closing handshake. */
  readonly terminate?: ((ws: WebSocketInstance) => void) | undefined;
  /** Writes what many get, where the runtime can do that at once. */
  readonly groupBroadcast?: GroupBroadcast | undefined;
}

/** Writes the same batch to many recipients at once, by means of the runtime. */
export interface GroupBroadcast {
  /** @returns false when the recipient must be written to alone, now */
  offer(recipient: Recipient, batch: Batch, bufferedBytes: number): boolean;
  /** Writes to every recipient that was taken. @param write writes to one recipient alone */
  flush(write: (recipient: Recipient, batch: Batch) => void): void;
  /** The recipient is closed, or gets other frames from now on. */
  leave(recipient: Recipient): void;
}

/** A topic and how many subscribe to it; it is used only when exactly these are to hear the same. */
export interface Topic {
  readonly name: string;
  size: number;
  publishCount: number;
  /** Its subscribers do not hear the same any more. */
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
  /** The frames of this turn. Afterwards there are none. */
  takeBatch(): Batch;
  /** Adds a frame to what is written at the end of this turn, and moves the position in its channel. */
  pushFromChannel(frame: OutboundFrame, channel?: string): void;
  /** Ends the connection with a close code. */
  close(code: number, reason: string): void;
}
