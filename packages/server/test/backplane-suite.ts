import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeAdmissions, describeOperations } from "./backplane-suite/slots-and-operations.ts";
import { describeChannels } from "./backplane-suite/channels.ts";
import type { Backplane } from "../src/backplane.ts";
import type { BackplaneUnderTest, SuiteContext } from "./backplane-suite/context.ts";
import { Node } from "./backplane-suite/node.ts";
import { describeNodes } from "./backplane-suite/nodes.ts";
import { describeMarks, describeRecords } from "./backplane-suite/records-and-marks.ts";
import { describeStates } from "./backplane-suite/states.ts";
import { describePresence } from "./backplane-suite/presence.ts";

export interface SuiteOptions {
  /** Whether nodes share a store. */
  readonly isShared: boolean;
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
    let unstarted: Backplane[];
    beforeEach(async () => {
      tested = await create();
      nodes = [];
      unstarted = [];
    });
    afterEach(async () => {
      for (const backplane of [...nodes.map((node) => node.backplane), ...unstarted]) await backplane.stop();
      await tested.close();
    });
    const context: SuiteContext = {
      start: async () => {
        const node = new Node(tested.node());
        nodes.push(node);
        await node.backplane.start(node);
        return node;
      },
      create: () => {
        const backplane = tested.node();
        unstarted.push(backplane);
        return backplane;
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
    describeStates(context);
    describeOperations(context, { isShared });
    describeRecords(context);
    describeMarks(context);
    if (isShared) describeNodes(context);
  });
}
