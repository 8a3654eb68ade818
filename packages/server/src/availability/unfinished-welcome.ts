// What a welcome could not include because the backplane did not answer. Created by the handshake, completed by WelcomeFinisher.
// Guarantee: an operation that may have run before does not begin until it is known whether it has run.
import type { Position } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { BegunWork } from "../backplane.ts";

interface MemoryQuestion {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: HalyardError) => void;
}

/**
 * Keeps the answer of the backplane's `recall` with the connection.
 *
 * @returns whether the backplane has forgotten what the client has begun
 */
export function noteBegunWork(
  connection: { begunBefore: BegunWork | undefined },
  begun: BegunWork | undefined,
): boolean {
  if (begun === undefined) return true;
  if (begun.lastSeq > 0 || begun.requests.length > 0) connection.begunBefore = begun;
  return false;
}

/** What is still missing from the welcome of one connection. */
export class UnfinishedWelcome {
  /** The channels `all` and `user:<id>` that are not subscribed yet, and the position at which the client resumes. */
  readonly channels = new Map<string, Position | undefined>();
  /** The rooms that the server gave to the client have not been read yet. */
  hasUnreadRooms = false;
  /** The positions of the hello, by channel; kept while the rooms that the server gave have not been read. */
  positions: Map<string, Position> | undefined;
  /** At least one of the given rooms has not been entered yet. */
  hasUnenteredRooms = false;
  #memory: MemoryQuestion | undefined;

  /** Whether it is still unknown if the backplane remembers the client's sequence numbers. */
  get needsMemory(): boolean {
    return this.#memory !== undefined;
  }

  /** Resolves when the client's sequence numbers turn out to be remembered; rejects with `unavailable` when the connection closes first. */
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
