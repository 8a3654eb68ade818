import { describe, expect, test } from "vitest";
import type { ServerMessage, Timeline, TimelineAction } from "./timeline.ts";
import { EMPTY_TIMELINE, reduceTimeline } from "./timeline.ts";

const ada = { userId: "ada", name: "Ada" };

function said(id: string, second: number): ServerMessage {
  return { id, content: `text of ${id}`, from: ada, sentAt: new Date(second * 1000).toISOString() };
}

function play(...actions: readonly TimelineAction[]): Timeline {
  return actions.reduce(reduceTimeline, EMPTY_TIMELINE);
}

const ids = ({ entries }: Timeline) => entries.map(({ id }) => id);
const statusOf = ({ entries }: Timeline, id: string) => entries.find((entry) => entry.id === id)?.status;

describe("reduceTimeline", () => {
  test("puts history before what arrived live in the meantime, each message once", () => {
    const timeline = play(
      { type: "history_requested" },
      { type: "received", message: said("c", 3) },
      { type: "history_loaded", messages: [said("a", 1), said("b", 2), said("c", 3)], more: true },
    );
    expect(ids(timeline)).toEqual(["a", "b", "c"]);
    expect(timeline).toMatchObject({ hasMore: true, history: "loaded" });
  });

  test("puts an older page before the newer one, also where both share a millisecond", () => {
    const timeline = play(
      { type: "history_loaded", messages: [said("c", 5), said("d", 6)], more: true },
      { type: "history_loaded", messages: [said("a", 5), said("b", 5)], more: false },
    );
    expect(ids(timeline)).toEqual(["a", "b", "c", "d"]);
    expect(timeline.hasMore).toBe(false);
  });

  test("keeps what was sent at the end until the server has placed it", () => {
    const sent = play(
      { type: "sent", message: said("mine", 1) },
      { type: "received", message: said("theirs", 9) },
    );
    expect(ids(sent)).toEqual(["theirs", "mine"]);
    expect(statusOf(sent, "mine")).toBe("sending");

    const placed = reduceTimeline(sent, { type: "received", message: said("mine", 4) });
    expect(ids(placed)).toEqual(["mine", "theirs"]);
    expect(statusOf(placed, "mine")).toBe("delivered");
  });

  test("keeps a message of history in its place when it comes once more, later", () => {
    const timeline = play(
      { type: "history_loaded", messages: [said("a", 1), said("b", 2)], more: false },
      { type: "received", message: said("a", 9) },
    );
    expect(ids(timeline)).toEqual(["a", "b"]);
  });

  test("ignores the optimistic entry of a message that the server has shown already", () => {
    const timeline = play(
      { type: "received", message: said("mine", 1) },
      { type: "sent", message: said("mine", 1) },
    );
    expect(ids(timeline)).toEqual(["mine"]);
    expect(statusOf(timeline, "mine")).toBe("delivered");
  });

  test.each([
    ["delivered", "delivered"],
    ["expired", "failed"],
    ["unknown", "unknown"],
  ] as const)("turns the receipt %s into the status %s", (status, expected) => {
    const timeline = play(
      { type: "sent", message: said("a", 1) },
      { type: "settled", receipt: { status, id: "a" } },
    );
    expect(statusOf(timeline, "a")).toBe(expected);
  });

  test("keeps the error of a rejected message for its author", () => {
    const error = { code: "rate_limited", message: "Slow down", retryable: true } as const;
    const receipt = { status: "rejected", id: "a", error } as const;
    const timeline = play({ type: "sent", message: said("a", 1) }, { type: "settled", receipt });
    expect(timeline.entries[0]).toMatchObject({ status: "failed", error });
  });

  test("believes the server's message over a receipt that says less", () => {
    const timeline = play(
      { type: "sent", message: said("a", 1) },
      { type: "received", message: said("a", 2) },
      { type: "settled", receipt: { status: "unknown", id: "a" } },
    );
    expect(statusOf(timeline, "a")).toBe("delivered");
  });

  test("mends an unknown message when it shows up after all", () => {
    const timeline = play(
      { type: "sent", message: said("a", 1) },
      { type: "settled", receipt: { status: "unknown", id: "a" } },
      { type: "received", message: said("a", 2) },
    );
    expect(timeline.entries).toMatchObject([{ id: "a", status: "delivered", isPending: false }]);
  });

  test("replaces everything but what waits when history was lost", () => {
    const timeline = play(
      { type: "history_loaded", messages: [said("old", 1)], more: true },
      { type: "sent", message: said("mine", 2) },
      { type: "history_replaced", messages: [said("new", 8)], more: false },
    );
    expect(ids(timeline)).toEqual(["new", "mine"]);
  });

  test("forgets a withdrawn message", () => {
    expect(ids(play({ type: "sent", message: said("a", 1) }, { type: "withdrawn", id: "a" }))).toEqual([]);
  });

  test("keeps entries that an action does not concern identical, so that they are not drawn again", () => {
    const before = play({ type: "received", message: said("a", 1) });
    const after = reduceTimeline(before, { type: "received", message: said("b", 2) });
    expect(after.entries[0]).toBe(before.entries[0]);
  });
});
