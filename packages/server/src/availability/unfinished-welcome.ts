// What a welcome could not say because the backplane did not answer. Made by the handshake; WelcomeFinisher makes up for it.
// Guarantee: no operation of the client that may have run before begins until it is known whether it has.
import type { Position } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { BegunWork } from "../backplane.ts";

interface MemoryQuestion {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: HalyardError) => void;
}

/**
 * Whether the backplane has forgotten what the client of a connection has had begun. Otherwise the connection keeps that.
 *
 * @param begun the answer of the backplane's `recall`
 */
export function hasForgotten(
  connection: { begunBefore: BegunWork | undefined },
  begun: BegunWork | undefined,
): boolean {
  if (begun === undefined) return true;
  if (begun.lastSeq > 0 || begun.requests.length > 0) connection.begunBefore = begun;
  return false;
}

/** The open ends of one connection. */
export class UnfinishedWelcome {
  /** The channels of everyone and of the user that are not subscribed yet, and from where the client goes on. */
  readonly channels = new Map<string, Position | undefined>();
  /** The rooms that the server gave to the client have not been read. */
  hasUnreadRooms = false;
  /** What the hello says of channels, while the rooms that the server gave have not been read: by channel. */
  positions: Map<string, Position> | undefined;
  /** One of them has not been entered. */
  hasUnenteredRooms = false;
  #memory: MemoryQuestion | undefined;

  /** Whether the numbers of the client are known is not decided yet. */
  get needsMemory(): boolean {
    return this.#memory !== undefined;
  }

  /** Resolves when it is known that the client's numbers are; rejects with `unavailable` when the connection closes before. */
  get whenRecalled(): Promise<void> | undefined {
    return this.#memory?.promise;
  }

  askForMemory(): void {
    if (this.#memory !== undefined) return;
    let resolve: MemoryQuestion["resolve"] = () => {};
    let reject: MemoryQuestion["reject"] = () => {};
    const promise = new Promise<void>((...settle) => {
      [resolve, reject] = settle;
    });
    promise.catch(() => {});
    this.#memory = { promise, resolve, reject };
  }

  recalled(): void {
    this.#memory?.resolve();
    this.#memory = undefined;
  }

  /** The connection has closed. */
  abandon(): void {
    this.#memory?.reject(new HalyardError("unavailable"));
  }
}
