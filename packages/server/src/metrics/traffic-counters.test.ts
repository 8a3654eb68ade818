import { clientMessages, serverMessages } from "@halyard/protocol";
import { describe, expect, it } from "vitest";
import { TrafficCounters } from "./traffic-counters.ts";

describe("the counters of messages", () => {
  it("count each type of the wire protocol under its own name, and a text of a client as `other`", () => {
    const counters = new TrafficCounters(() => false);
    const types = [...new Set([...Object.keys(clientMessages), ...Object.keys(serverMessages)])];
    for (const type of types) counters.add(type, 10);
    counters.add("secret", 10);
    const { other, ...own } = counters.read();
    expect(Object.keys(own)).toEqual(types);
    expect(other).toEqual({ messages: 1, bytes: 10 });
  });
});
