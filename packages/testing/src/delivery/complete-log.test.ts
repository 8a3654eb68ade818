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

/** What is wrong, as `kind client`. */
function check(...log: DeliveryEvent[]): string[] {
  return checkDelivery(log).violations.map(({ kind, client }) => `${kind} ${client}`);
}

/** The clean log with what the node says of it. */
const complete = clean.flatMap((event) => {
  if (event.type === "sent") return [event, handled(event.id), stored(5)];
  return event.type === "received" &&
    event.client !== (event.offset === 8 ? "ada" : "bob") &&
    event.offset !== 5
    ? [stored(event.offset), event]
    : [event];
});

describe("one planted fault in a log that tells what a node did", () => {
  it("is nothing, where nothing is wrong", () => {
    expect(complete.filter(({ type }) => type === "stored")).toHaveLength(3);
    expect(check(...complete)).toEqual([]);
    expect(check(...complete, sent("ada", "a"), handled("a"), receipt("ada", "a", "unknown"))).toEqual([]);
  });

  it("is a message that nobody got, acknowledged or not, and nobody was told of", () => {
    expect(check(...complete, stored(9))).toEqual(["lost ada", "lost bob"]);
    const acknowledged = [sent("ada", "m9"), handled("m9"), stored(9), delivered("ada", "m9", 9)];
    expect(check(...complete, ...acknowledged)).toEqual(["lost ada", "lost bob"]);
    expect(check(...complete, ...acknowledged, gap("ada", 0, "e2"), gap("bob", 0, "e2"))).toEqual([]);
    expect(check(...complete, stored(9), received("ada", 10), received("bob", 10))).toEqual([
      "gap ada",
      "gap bob",
    ]);
  });

  it("is an acknowledged send that is in no history", () => {
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
    "is a receipt %s of what was handled, whichever came first",
    (status) => {
      const told = receipt("ada", "a", status);
      expect(check(...complete, sent("ada", "a"), handled("a"), told)).toEqual(["receipt ada"]);
      expect(check(...complete, sent("ada", "a"), told, handled("a"))).toEqual(["receipt ada"]);
      expect(check(...complete, sent("ada", "a"), told, handled("a", "n1"), handled("a", "n2"))).toEqual([
        "receipt ada",
      ]);
    },
  );

  it("is a handler that ran twice on one node; on another one it may", () => {
    expect(check(...complete, handled("m5"))).toEqual(["duplicate ada"]);
    expect(check(...complete, handled("m5", "n2"))).toEqual([]);
  });

  it("is two messages at one place", () => {
    expect(check(...complete, stored(8, "another"))).toEqual(["conflict "]);
  });
});
