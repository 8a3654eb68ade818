import type { Backplane } from "../../src/backplane.ts";
import type { Node } from "./node.ts";

/** A kind of backplane, and control of its time. */
export interface BackplaneUnderTest {
  /** Creates a node on the same store; without a store only one node is created. */
  readonly node: () => Backplane;
  /** Advances the time of the nodes and of the store. */
  readonly advance: (ms: number) => Promise<void>;
  /** Resolves once all pending messages have arrived. */
  readonly settle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What a test gets: names that no other test uses, and nodes that are stopped after it. */
export interface SuiteContext {
  readonly start: () => Promise<Node>;
  /** A backplane on the same store that the suite does not start. */
  readonly create: () => Backplane;
  readonly advance: BackplaneUnderTest["advance"];
  readonly settle: BackplaneUnderTest["settle"];
  readonly name: (prefix: string) => string;
}
