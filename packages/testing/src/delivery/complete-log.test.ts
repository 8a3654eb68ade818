import { describe, expect, it } from "vitest";
import { checkDelivery } from "./delivery-checker.ts";
import type { DeliveryEvent } from "./delivery-event.ts";
import {
  clean,
  delivered,
  gap,
  handled,
  receipt,
  received,
  sent,
  stored,
} from "../../test/delivery-events.ts";

/** The violations, as `kind client`. */
function check(...log: DeliveryEvent[]): string[] {
  return checkDelivery(log).violations.map(({ kind, client }) => `${kind} ${client}`);
}

/** The clean log with the events of its node. */
const complete = clean.flatMap((event) => {
  if (event.type === "sent") return [event, handled(event.id), stored(5)];
  return event.type === "received" &&
    event.client !== (event.offset === 8 ? "ada" : "bob") &&
    event.offset !== 5
    ? [stored(event.offset), event]
    : [event];
});

describe("checkDelivery, with the events of nodes", () => {
  it("reports nothing for a log without faults", () => {
    expect(complete.filter(({ type }) => type === "stored")).toHaveLength(3);
    expect(check(...complete)).toEqual([]);
    expect(check(...complete, sent("ada", "a"), handled("a"), receipt("ada", "a", "unknown"))).toEqual([]);
  });

  it("reports a stored message that no client received and no gap announced, acknowledged or not", () => {
    expect(check(...complete, stored(9))).toEqual(["lost ada", "lost bob"]);
    const acknowledged = [sent("ada", "m9"), handled("m9"), stored(9), delivered("ada", "m9", 9)];
    expect(check(...complete, ...acknowledged)).toEqual(["lost ada", "lost bob"]);
    expect(check(...complete, ...acknowledged, gap("ada", 0, "e2"), gap("bob", 0, "e2"))).toEqual([]);
    expect(check(...complete, stored(9), received("ada", 10), received("bob", 10))).toEqual([
      "gap ada",
      "gap bob",
    ]);
  });

  it("reports the receipt of an acknowledged send that was never stored", () => {
    expect(check(...complete, sent("ada", "m9"), handled("m9"), delivered("ada", "m9", 9))).toEqual([
      "receipt ada",
    ]);
    expect(
      check(
        ...complete,
        sent("ada", "m9"),
        delivered("ada", "m9", 9),
        gap("ada", 0, "e2"),
        gap("bob", 0, "e2"),
      ),
    ).toEqual(["receipt ada"]);
  });

  it.each(["rejected", "expired"] as const)(
    "reports the receipt %s of a send that was handled, whichever came first",
    (status) => {
      const denial = receipt("ada", "a", status);
      expect(check(...complete, sent("ada", "a"), handled("a"), denial)).toEqual(["receipt ada"]);
      expect(check(...complete, sent("ada", "a"), denial, handled("a"))).toEqual(["receipt ada"]);
      expect(check(...complete, sent("ada", "a"), denial, handled("a", "n1"), handled("a", "n2"))).toEqual([
        "receipt ada",
      ]);
    },
  );

  it("reports a handler that ran twice on one node, and not one that ran once on each of two nodes", () => {
    expect(check(...complete, handled("m5"))).toEqual(["duplicate ada"]);
    expect(check(...complete, handled("m5", "n2"))).toEqual([]);
  });

  it("reports two messages at one offset", () => {
    expect(check(...complete, stored(8, "another"))).toEqual(["conflict "]);
  });
});
