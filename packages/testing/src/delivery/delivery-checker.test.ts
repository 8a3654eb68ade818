import { describe, expect, it } from "vitest";
import { checkDelivery, createDeliveryChecker } from "./delivery-checker.ts";
import type { DeliveryEvent } from "./delivery-event.ts";
import {
  channel,
  clean,
  positioned,
  received,
  skipped,
  gap,
  left,
  sent,
  delivered,
  receipt,
  presence,
} from "../../test/delivery-events.ts";

/** The violations, as `kind client`. */
function check(...log: DeliveryEvent[]): string[] {
  return checkDelivery(log).violations.map(({ kind, client }) => `${kind} ${client}`);
}

/** The violations of the clean log with other events in the place of one, or at its end. */
function planted(event: DeliveryEvent | undefined, ...instead: DeliveryEvent[]): string[] {
  const text = JSON.stringify(event);
  const log = clean.flatMap((line) => (JSON.stringify(line) === text ? instead : [line]));
  return check(...log, ...(event ? [] : instead));
}

describe("checkDelivery, for a log without faults", () => {
  it("reports no violations, and counts the events", () => {
    const { violations, violationCount, counts } = checkDelivery(clean);
    expect(violations).toEqual([]);
    expect(violationCount).toBe(0);
    expect(counts).toEqual({ events: 14, clients: 2, received: 6, sent: 1, delivered: 1, gaps: 0 });
  });

  it("accepts messages that a client missed by an announced gap", () => {
    expect(
      check(
        ...[positioned("ada"), positioned("bob")],
        ...[received("ada", 1), received("ada", 2), received("ada", 3)],
        ...[received("bob", 1), gap("bob", 2), received("bob", 3)],
        ...[gap("ada", 10, "e2"), gap("bob", 10, "e2")],
      ),
    ).toEqual([]);
  });

  it("accepts clients that come later, leave, return and close for good", () => {
    expect(
      check(
        ...[
          positioned("ada"),
          received("ada", 1),
          positioned("bob", 1),
          received("ada", 2),
          received("bob", 2),
        ],
        ...[left("bob"), received("ada", 3), positioned("bob", 3), received("ada", 4), received("bob", 4)],
        { type: "closed", client: "bob" },
        received("ada", 5),
      ),
    ).toEqual([]);
  });

  it("accepts a sender without an echo, with a skip or without one where another message follows", () => {
    expect(
      check(
        ...[positioned("ada"), positioned("bob")],
        ...[sent("ada", "m1", false), received("bob", 1), delivered("ada", "m1", 1), skipped("ada", 1)],
        ...[sent("ada", "m2", false), received("bob", 2), received("bob", 3), received("ada", 3)],
      ),
    ).toEqual([]);
  });

  it("accepts a skip for a message that the server withheld from a client", () => {
    expect(check(positioned("ada"), positioned("bob"), skipped("bob", 1), received("ada", 1))).toEqual([]);
  });

  it("accepts every kind of receipt that is true", () => {
    expect(
      check(
        positioned("ada"),
        ...[sent("ada", "a"), receipt("ada", "a", "rejected")],
        ...[sent("ada", "b"), receipt("ada", "b", "expired")],
        ...[sent("ada", "c"), receipt("ada", "c", "unknown")],
        ...[sent("ada", "d"), received("ada", 1, "d"), receipt("ada", "d", "unknown")],
        ...[sent("ada", "e"), { type: "receipt", client: "ada", id: "e", status: "delivered" } as const],
        ...[sent("ada", "f"), delivered("ada", "f", 2), received("ada", 2, "f")],
      ),
    ).toEqual([]);
  });

  it("accepts an acknowledged message that no client received, when each had a gap or has left", () => {
    expect(
      check(
        ...[positioned("ada"), positioned("bob"), sent("ada", "m1"), delivered("ada", "m1", 1)],
        ...[gap("ada", 1), left("bob")],
      ),
    ).toEqual([]);
  });
});

describe("checkDelivery, for one planted fault", () => {
  it("reports a gap that was not announced, whichever client received the messages first", () => {
    expect(planted(received("bob", 5))).toEqual(["gap bob"]);
    expect(planted(received("ada", 3))).toEqual(["gap ada"]);
    expect(planted(received("ada", 5))).toEqual(["gap ada"]);
  });

  it("reports a gap from before a client left, when another client receives the message", () => {
    expect(
      check(
        positioned("ada"),
        positioned("bob"),
        received("bob", 2),
        left("bob"),
        received("ada", 1),
        received("ada", 2),
      ),
    ).toEqual(["gap bob"]);
  });

  it("reports a new epoch that was not announced", () => {
    expect(
      planted(undefined, { ...received("ada", 9), epoch: "e2" } as DeliveryEvent, gap("bob", 8, "e2"), {
        ...received("bob", 9),
        epoch: "e2",
      } as DeliveryEvent),
    ).toEqual(["gap ada"]);
  });

  it("reports a position that jumps over messages", () => {
    expect(
      check(
        positioned("ada"),
        positioned("bob"),
        received("ada", 1),
        sent("ada", "m2"),
        received("ada", 2),
        positioned("bob", 2),
        received("ada", 3),
        received("bob", 3),
      ),
    ).toEqual(["gap bob", "gap bob"]);
  });

  it("reports a message of another sender that a skip cannot stand for", () => {
    expect(
      check(
        positioned("ada"),
        positioned("bob"),
        sent("ada", "m1"),
        received("ada", 1),
        received("ada", 2),
        skipped("bob", 2),
      ),
    ).toEqual(["gap bob"]);
  });

  it("reports a duplicate that comes at once, later or behind a gap", () => {
    expect(planted(received("bob", 5), received("bob", 5), received("bob", 5))).toEqual(["duplicate bob"]);
    expect(planted(undefined, received("bob", 3))).toEqual(["duplicate bob"]);
    expect(planted(undefined, gap("bob", 8), received("bob", 5))).toEqual(["duplicate bob"]);
    expect(planted(undefined, gap("bob", 4), received("bob", 5), received("bob", 8))).toEqual([
      "duplicate bob",
      "duplicate bob",
    ]);
  });

  it("reports a message that was published twice, for each client that received it twice", () => {
    expect(planted(undefined, received("ada", 9, "m5"), received("bob", 9, "m5"))).toEqual([
      "duplicate ada",
      "duplicate bob",
    ]);
    expect(planted(undefined, gap("ada", 8), received("ada", 9, "m5"), received("bob", 9, "m5"))).toEqual([
      "duplicate bob",
    ]);
  });

  it("reports messages out of order, whatever other clients received", () => {
    expect(check(positioned("ada"), received("ada", 2), received("ada", 1))).toEqual(["disorder ada"]);
    expect(planted(received("bob", 5), received("bob", 8), received("bob", 5)).slice(0, 1)).toEqual([
      "disorder bob",
    ]);
    expect(
      check(
        ...[positioned("ada"), positioned("bob"), received("ada", 1), received("ada", 2)],
        ...[received("bob", 2), received("bob", 1)],
      ),
    ).toEqual(["disorder bob"]);
    expect(check(positioned("ada", 5), received("ada", 4))).toEqual(["disorder ada"]);
  });

  it("reports two different messages at one offset", () => {
    expect(planted(received("bob", 8), received("bob", 8, "another"))).toEqual(["conflict ada"]);
  });

  it("reports a receipt that is wrong when it comes", () => {
    const m5 = delivered("ada", "m5", 5);
    expect(planted(m5, delivered("ada", "m5", 4))).toEqual(["receipt ada"]);
    expect(planted(m5, receipt("ada", "m5", "rejected"))).toEqual(["receipt ada"]);
    expect(planted(m5, receipt("ada", "m5", "expired"))).toEqual(["receipt ada"]);
    expect(planted(m5, m5, m5)).toEqual(["receipt ada"]);
    expect(planted(m5, { ...m5, channel: "room:other" } as DeliveryEvent)).toEqual(["receipt ada"]);
    expect(planted(undefined, delivered("bob", "m3", 3))).toEqual(["receipt bob"]);
  });

  it("reports a receipt that later turns out to be wrong, once", () => {
    const log = [positioned("ada"), positioned("bob"), sent("ada", "x")];
    const both = [received("ada", 1, "x"), received("bob", 1, "x")];
    expect(check(...log, receipt("ada", "x", "rejected"), ...both)).toEqual(["receipt ada"]);
    expect(check(...log, delivered("ada", "x", 7), ...both)).toEqual(["receipt ada"]);
  });

  it("reports an acknowledged send that one client never received and no gap announced", () => {
    expect(planted(undefined, sent("ada", "m9"), received("ada", 9), delivered("ada", "m9", 9))).toEqual([
      "lost bob",
    ]);
    expect(planted(undefined, sent("ada", "m9"), delivered("ada", "m9", 9))).toEqual(["lost ada"]);
    expect(planted(undefined, sent("ada", "m9", false), delivered("ada", "m9", 9))).toEqual(["lost bob"]);
  });

  it("reports an acknowledged send when every client went past it", () => {
    expect(
      planted(
        undefined,
        sent("ada", "m9"),
        delivered("ada", "m9", 9),
        received("ada", 10),
        received("bob", 10),
      ),
    ).toEqual(["lost ada"]);
  });

  it("reports a client that still reads an epoch which has ended", () => {
    expect(planted(undefined, gap("ada", 20, "e2"))).toEqual(["lost bob"]);
  });

  it("takes an epoch for the newest that the clients went over to last, although one of them read it first", () => {
    const early: DeliveryEvent = { type: "positioned", client: "ada", channel, epoch: "e2", offset: 0 };
    expect(check(early, positioned("bob"), gap("bob", 0, "e2"))).toEqual([]);
    expect(check(early, positioned("bob"))).toEqual(["lost ada"]);
  });

  it("reports a user who joins twice, leaves twice, or is online for some clients only", () => {
    expect(planted(undefined, presence("ada", "joined", "bob"))).toEqual(["presence ada"]);
    expect(planted(undefined, presence("ada", "left", "eve"))).toEqual(["presence ada"]);
    expect(planted(presence("ada", "joined", "bob"))).toEqual(["presence ada"]);
    expect(
      planted(undefined, presence("bob", "left", "ada"), { type: "online", channel, users: ["ada", "bob"] }),
    ).toEqual(["presence bob"]);
    expect(check(presence("ada", "joined", "bob"))).toEqual(["presence ada"]);
  });
});

describe("createDeliveryChecker", () => {
  it("describes a violation with its kind, client, channel, text and event", () => {
    const log = clean.filter(
      (event) => event.type !== "received" || event.client !== "bob" || event.offset !== 5,
    );
    expect(checkDelivery(log).violations).toEqual([
      { kind: "gap", client: "bob", channel, message: "5 was left out, and no gap was announced", event: 13 },
    ]);
  });

  it("describes at most maxViolations violations, and counts all", () => {
    const checker = createDeliveryChecker({ maxViolations: 2 });
    checker.add(positioned("ada"));
    for (let count = 0; count < 5; count++) checker.add(received("ada", 1));
    const { violations, violationCount } = checker.finish();
    expect(violations).toHaveLength(2);
    expect(violationCount).toBe(4);
  });

  it("remembers a bounded number of messages that may still come", () => {
    const checker = createDeliveryChecker();
    for (const client of ["ada", "bob"]) checker.add(positioned(client));
    for (let offset = 1; offset <= 2_500; offset++) checker.add(received("ada", offset));
    checker.add(received("bob", 2_500));
    expect(checker.finish().violationCount).toBe(2_499);
  });

  it("checks a hundred thousand deliveries within the time of a unit test", () => {
    const checker = createDeliveryChecker();
    for (let client = 0; client < 100; client++) checker.add(positioned(`client ${client}`));
    for (let offset = 1; offset <= 1_000; offset++) {
      for (let client = 0; client < 100; client++) checker.add(received(`client ${client}`, offset));
    }
    const { violationCount, counts } = checker.finish();
    expect(violationCount).toBe(0);
    expect(counts.received).toBe(100_000);
  });
});
