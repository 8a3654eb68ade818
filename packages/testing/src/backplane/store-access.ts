// What a node of a shared backplane uses of the store. Implemented by shared-backplane.ts, used by node-backplane.ts.
import type { BackplaneHandlers } from "@halyard/server";
import type { Operation, SharedEvent } from "./shared-state.ts";

/** The store, and the other nodes behind it. */
export interface StoreAccess {
  /** Runs an operation, now. */
  apply<TResult>(operation: Operation<TResult>): TResult;
  /** Hands an event to every node. */
  distribute(event: SharedEvent): void;
  /** Hands something to one node, or to every node but the one that sends it. */
  relay(route: Route, deliver: (handlers: BackplaneHandlers) => void): void;
  /** A grace period ends in so many milliseconds. */
  endGraceIn(ms: number): void;
}

/** From one node to another, or to every other one. */
export interface Route {
  readonly from: string;
  readonly to: string | undefined;
}
