import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backplane } from "../src/backplane.ts";
import { describeAdmissions, describeOperations } from "./backplane-suite/slots-and-operations.ts";
import { describeChannels, describeNodes } from "./backplane-suite/channels.ts";
import { Node } from "./backplane-suite/node.ts";
import { describePresence } from "./backplane-suite/presence.ts";

export interface BackplaneUnderTest {
  /** Creates a node on the same store; without a store only one node is created. */
  readonly node: () => Backplane;
  /** Advances the time of the nodes and of the store. */
  readonly advance: (ms: number) => Promise<void>;
  /** Resolves once all pending messages have arrived. */
  readonly settle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface SuiteOptions {
  /** Whether nodes share a store. */
  readonly isShared: boolean;
}

/** What a test gets: names that no other test uses, and nodes that are stopped after it. */
export interface SuiteContext {
  readonly start: () => Promise<Node>;
  readonly advance: BackplaneUnderTest["advance"];
  readonly settle: BackplaneUnderTest["settle"];
  readonly name: (prefix: string) => string;
}

/** The tests that every backplane must pass. */
export function describeBackplane(
  kind: string,
  create: () => BackplaneUnderTest | Promise<BackplaneUnderTest>,
  { isShared }: SuiteOptions,
): void {
  describe(`the backplane ${kind}`, () => {
    let names = 0;
    let tested: BackplaneUnderTest;
    let nodes: Node[];
    beforeEach(async () => {
      tested = await create();
      nodes = [];
    });
    afterEach(async () => {
      for (const { backplane } of nodes) await backplane.stop();
      await tested.close();
    });
    const context: SuiteContext = {
      start: async () => {
        const node = new Node(tested.node());
        nodes.push(node);
        await node.backplane.start(node);
        return node;
      },
      advance: (ms) => tested.advance(ms),
      settle: () => tested.settle(),
      name: (prefix) => `${prefix}${String(++names)}`,
    };

    it("reports its kind, and has an id for its node", async () => {
      const { backplane } = await context.start();
      expect(backplane.kind).toBe(kind);
      expect(backplane.nodeId).toMatch(/^[\w-]+$/);
    });
    describeChannels(context);
    describeAdmissions(context);
    describePresence(context);
    describeOperations(context);
    if (isShared) describeNodes(context);
  });
}
