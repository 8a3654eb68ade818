// The access of a node of a shared backplane to the store. Implemented by shared-backplane.ts, used by node-backplane.ts.
import type { BackplaneHandlers } from "@halyard/server";
import type { Operation, SharedEvent } from "./shared-state.ts";

/** The store, and the other nodes behind it. */
export interface StoreAccess {
  /** Applies an operation at once. */
  apply<TResult>(operation: Operation<TResult>): TResult;
  /** Sends an event to every node. */
  distribute(event: SharedEvent): void;
  /** Calls the handlers of one node, or of every node except the sender. */
  relay(route: Route, deliver: (handlers: BackplaneHandlers) => void): void;
  /** Sets a timer that ends the grace periods that are over then. */
  endGraceIn(ms: number): void;
}

/** The sender and the receiver; without `to` every other node. */
export interface Route {
  readonly from: string;
  readonly to: string | undefined;
}
