import { describe, expect, test } from "vitest";
import type { ServerMessage, Timeline, TimelineAction } from "./timeline.ts";
import { EMPTY_TIMELINE, reduceTimeline } from "./timeline.ts";

const ada = { userId: "ada", name: "Ada" };

function message(id: string, second: number): ServerMessage {
  return { id, content: `text of ${id}`, from: ada, sentAt: new Date(second * 1000).toISOString() };
}

function play(...actions: readonly TimelineAction[]): Timeline {
  return actions.reduce(reduceTimeline, EMPTY_TIMELINE);
}

const ids = ({ entries }: Timeline) => entries.map(({ id }) => id);
const statusOf = ({ entries }: Timeline, id: string) => entries.find((entry) => entry.id === id)?.status;

describe("reduceTimeline", () => {
  test("puts history before the live messages that arrived meanwhile, and each message once", () => {
    const timeline = play(
      { type: "history_requested" },
      { type: "received", message: message("c", 3) },
      { type: "history_loaded", messages: [message("a", 1), message("b", 2), message("c", 3)], more: true },
    );
    expect(ids(timeline)).toEqual(["a", "b", "c"]);
    expect(timeline).toMatchObject({ hasMore: true, history: "loaded" });
  });

  test("puts an older page before the newer one, also where both have messages of the same millisecond", () => {
    const timeline = play(
      { type: "history_loaded", messages: [message("c", 5), message("d", 6)], more: true },
      { type: "history_loaded", messages: [message("a", 5), message("b", 5)], more: false },
    );
    expect(ids(timeline)).toEqual(["a", "b", "c", "d"]);
    expect(timeline.hasMore).toBe(false);
  });

  test("keeps a sent message at the end until the server has returned it", () => {
    const sent = play(
      { type: "sent", message: message("mine", 1) },
      { type: "received", message: message("theirs", 9) },
    );
    expect(ids(sent)).toEqual(["theirs", "mine"]);
    expect(statusOf(sent, "mine")).toBe("sending");

    const confirmed = reduceTimeline(sent, { type: "received", message: message("mine", 4) });
    expect(ids(confirmed)).toEqual(["mine", "theirs"]);
    expect(statusOf(confirmed, "mine")).toBe("delivered");
  });

  test("keeps the position of a message of history when the message arrives again", () => {
    const timeline = play(
      { type: "history_loaded", messages: [message("a", 1), message("b", 2)], more: false },
      { type: "received", message: message("a", 9) },
    );
    expect(ids(timeline)).toEqual(["a", "b"]);
  });

  test("ignores the optimistic entry of a message that the server has already returned", () => {
    const timeline = play(
      { type: "received", message: message("mine", 1) },
      { type: "sent", message: message("mine", 1) },
    );
    expect(ids(timeline)).toEqual(["mine"]);
    expect(statusOf(timeline, "mine")).toBe("delivered");
  });

  test.each([
    ["delivered", "delivered"],
    ["expired", "failed"],
    ["unknown", "unknown"],
  ] as const)("turns the receipt %s into the status %s", (status, expected) => {
    const receipt = status === "delivered" ? { status, id: "a", result: undefined } : { status, id: "a" };
    const timeline = play({ type: "sent", message: message("a", 1) }, { type: "settled", receipt });
    expect(statusOf(timeline, "a")).toBe(expected);
  });

  test("keeps the error of a rejected message", () => {
    const error = { code: "rate_limited", message: "Slow down", retryable: true } as const;
    const receipt = { status: "rejected", id: "a", error } as const;
    const timeline = play({ type: "sent", message: message("a", 1) }, { type: "settled", receipt });
    expect(timeline.entries[0]).toMatchObject({ status: "failed", error });
  });

  test("keeps a message delivered when its receipt is unknown after the server returned it", () => {
    const timeline = play(
      { type: "sent", message: message("a", 1) },
      { type: "received", message: message("a", 2) },
      { type: "settled", receipt: { status: "unknown", id: "a" } },
    );
    expect(statusOf(timeline, "a")).toBe("delivered");
  });

  test("turns an unknown message into a delivered one when the server returns it later", () => {
    const timeline = play(
      { type: "sent", message: message("a", 1) },
      { type: "settled", receipt: { status: "unknown", id: "a" } },
      { type: "received", message: message("a", 2) },
    );
    expect(timeline.entries).toMatchObject([{ id: "a", status: "delivered", isPending: false }]);
  });

  test("replaces all entries but the pending ones after a gap", () => {
    const timeline = play(
      { type: "history_loaded", messages: [message("old", 1)], more: true },
      { type: "sent", message: message("mine", 2) },
      { type: "history_replaced", messages: [message("new", 8)], more: false },
    );
    expect(ids(timeline)).toEqual(["new", "mine"]);
  });

  test("removes a withdrawn message", () => {
    expect(ids(play({ type: "sent", message: message("a", 1) }, { type: "withdrawn", id: "a" }))).toEqual([]);
  });

  test("keeps the identity of the entries that an action does not change, so that they are not rendered again", () => {
    const before = play({ type: "received", message: message("a", 1) });
    const after = reduceTimeline(before, { type: "received", message: message("b", 2) });
    expect(after.entries[0]).toBe(before.entries[0]);
  });
});
