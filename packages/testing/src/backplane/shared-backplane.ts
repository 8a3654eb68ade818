// One store under several systems of one process, for tests of an application on many nodes.
// Tests of applications and of this repository create it; each system gets a backplane of it.
// Guarantee: the same options and calls give the same latencies, losses and repetitions.
import type { Backplane, BackplaneHandlers, Clock } from "@halyard/server";
import type { TestClock } from "../clock/test-clock.ts";
import { queueMacrotask } from "../clock/event-loop.ts";
import { createRandom } from "../utils/random.ts";
import { NodeBackplane } from "./node-backplane.ts";
import { endGracePeriods } from "./presence-operations.ts";
import { SharedStore } from "./shared-state.ts";
import type { Operation, SharedEvent } from "./shared-state.ts";
import type { Route, StoreAccess } from "./store-access.ts";
import { StoreLink } from "./store-link.ts";
import type { LinkFaults } from "./store-link.ts";

/** The options of {@link createSharedBackplane}. */
export interface SharedBackplaneOptions {
  /** The clock of the systems. @default real time */
  readonly clock?: TestClock | undefined;
  /** The range of the random duration of a call, in ms. Calls may overtake each other. @default 0 to 0 */
  readonly latencyMs?: { readonly min: number; readonly max: number } | undefined;
  /** The chance, 0 to 1, that a call takes effect and its reply is lost. @default 0 */
  readonly lostReplies?: number | undefined;
  /** The chance, 0 to 1, that a call takes effect twice. @default 0 */
  readonly doubledCalls?: number | undefined;
  /** Whether a node that is cut off admits new connections by its own limits, or refuses them with 503. @default "allow" */
  readonly onUnavailable?: "allow" | "deny" | undefined;
  /** The same seed gives the same latencies and faults. @default 1 */
  readonly seed?: number | undefined;
}

/** One store under several systems of one process, for tests of an application on many nodes. */
export interface SharedBackplane {
  /**
   * Creates the backplane of one more system.
   *
   * @throws TypeError for an id that is in use, or that has other characters than letters, digits, `_` and `-`
   */
  node(nodeId: string): Backplane;
  /** Cuts nodes off from the store: their calls fail, and events for them are lost. After 5 to 9 s the store gives them up. */
  partition(...nodeIds: readonly string[]): void;
  /** Holds the calls of these nodes and the events for them until `heal`, as if their processes were stopped. */
  freeze(...nodeIds: readonly string[]): void;
  /** Ends every partition and every freeze. */
  heal(): void;
  /** Ends all calls of the node and all events for it, as `kill -9` does. */
  kill(nodeId: string): void;
  /** Deletes all data of the store. */
  clear(): void;
  /** Sets the store back to its data of `ms` milliseconds ago, at most 60,000, as a replica that takes over does. */
  rewind(ms: number): void;
}

/**
 * Creates a store for several systems of one process, with the faults of a network between them and the store.
 *
 * @example
 * const clock = createTestClock();
 * const shared = createSharedBackplane({ clock, latencyMs: { min: 1, max: 25 }, seed: 7 });
 * const [a, b] = ["a", "b"].map((id) => createWebSocketSystem({ clock, backplane: shared.node(id) }));
 * shared.partition("b");
 */
export function createSharedBackplane(options: SharedBackplaneOptions = {}): SharedBackplane {
  return new StoreAndNodes(options);
}

interface SharedNode {
  readonly backplane: NodeBackplane;
  readonly link: StoreLink;
}

const realClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
  setImmediate: queueMacrotask,
  random: () => Math.random(),
};

class StoreAndNodes implements SharedBackplane, StoreAccess {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #faults: LinkFaults;
  readonly #onUnavailable: "allow" | "deny";
  readonly #nodes = new Map<string, SharedNode>();
  readonly #store: SharedStore;

  constructor(options: SharedBackplaneOptions) {
    const { clock = realClock, latencyMs = { min: 0, max: 0 }, onUnavailable = "allow" } = options;
    const { lostReplies = 0, doubledCalls = 0, seed = 1 } = options;
    this.#onUnavailable = onUnavailable;
    this.#clock = clock;
    this.#random = createRandom(seed);
    this.#faults = { latencyMs, lostReplies, doubledCalls };
    this.#store = new SharedStore(
      () => clock.now(),
      (event) => this.distribute(event),
    );
  }

  node(nodeId: string): Backplane {
    if (!/^[\w-]+$/.test(nodeId)) throw new TypeError(`not the id of a node: ${JSON.stringify(nodeId)}`);
    if (this.#nodes.has(nodeId)) throw new TypeError(`there is a node ${nodeId} already`);
    const link = new StoreLink({ clock: this.#clock, random: this.#random, faults: this.#faults });
    const backplane = new NodeBackplane({
      nodeId,
      clock: this.#clock,
      link,
      onUnavailable: this.#onUnavailable,
      store: this,
    });
    this.#nodes.set(nodeId, { backplane, link });
    return backplane;
  }

  partition(...nodeIds: readonly string[]): void {
    for (const id of nodeIds) this.#of(id).link.state = "cut";
  }

  freeze(...nodeIds: readonly string[]): void {
    for (const id of nodeIds) this.#of(id).link.state = "frozen";
  }

  heal(): void {
    for (const { link, backplane } of this.#nodes.values()) {
      if (link.hasLost) void backplane.reconnect();
      link.state = "up";
    }
  }

  kill(nodeId: string): void {
    this.#of(nodeId).link.state = "dead";
  }

  clear(): void {
    this.#store.clear();
  }

  rewind(ms: number): void {
    this.#store.rewind(ms);
  }

  apply<TResult>(operation: Operation<TResult>): TResult {
    return this.#store.apply(operation);
  }

  distribute(event: SharedEvent): void {
    for (const { backplane } of this.#nodes.values()) backplane.deliver(event);
  }

  relay({ from, to }: Route, deliver: (handlers: BackplaneHandlers) => void): void {
    for (const [id, { backplane }] of this.#nodes)
      if (to === undefined ? id !== from : id === to) backplane.receive(deliver);
  }

  endGraceIn(ms: number): void {
    this.#clock.setTimeout(() => this.apply(endGracePeriods()), ms);
  }

  #of(nodeId: string): SharedNode {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new TypeError(`there is no node ${nodeId}`);
    return node;
  }
}
