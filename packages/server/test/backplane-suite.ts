import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backplane } from "../src/backplane.ts";
import { describeAdmissions, describeWork } from "./backplane-suite/places-and-work.ts";
import { describeChannels, describeNodes } from "./backplane-suite/channels.ts";
import { Node } from "./backplane-suite/node.ts";
import { describePresence } from "./backplane-suite/presence.ts";

export interface BackplaneUnderTest {
  /** One more node on the same store; a backplane without a store is asked for one node only. */
  readonly node: () => Backplane;
  /** Lets time pass, for the nodes and for the store. */
  readonly advance: (ms: number) => Promise<void>;
  /** Resolves once everything has arrived that was under way. */
  readonly settle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface SuiteOptions {
  /** Whether nodes share a store. */
  readonly isShared: boolean;
}

/** What a test is given: names that no other test uses, and nodes that are stopped after it. */
export interface SuiteContext {
  readonly start: () => Promise<Node>;
  readonly advance: BackplaneUnderTest["advance"];
  readonly settle: BackplaneUnderTest["settle"];
  readonly name: (prefix: string) => string;
}

/** What every backplane promises: the same tests for each of them. */
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

    it("says what it is, and names each node differently", async () => {
      const { backplane } = await context.start();
      expect(backplane.kind).toBe(kind);
      expect(backplane.nodeId).toMatch(/^[\w-]+$/);
    });
    describeChannels(context);
    describeAdmissions(context);
    describePresence(context);
    describeWork(context);
    if (isShared) describeNodes(context);
  });
}
