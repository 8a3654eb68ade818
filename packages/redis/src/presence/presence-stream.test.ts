import { createTestClock } from "@halyard/testing";
import { expect, it } from "vitest";
import { PresenceStream } from "./presence-stream.ts";

it("tells of a hole before the events after it, and of none where a new connection begins", () => {
  const told: string[] = [];
  const stream = new PresenceStream({
    clock: createTestClock(),
    onEvents: (events) => told.push(...events.map(({ off }) => String(off))),
    onHole: () => told.push("hole"),
  });
  const receive = (prev: string, off: string): void => {
    stream.receive(JSON.stringify({ prev, events: [{ off, user: "ada", total: 1 }] }));
  };
  receive("0", "1");
  receive("1", "2");
  receive("3", "4");
  expect(told).toEqual(["1", "2", "hole", "4"]);
  stream.restart();
  receive("7", "8");
  expect(told.slice(4)).toEqual(["8"]);
});
