import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { Connections } from "../../test/fake-connection.ts";
import { Subscribers } from "./subscribers.ts";

describe("Subscribers", () => {
  const connections = new Connections(new FakeClock());
  const [ada, bea] = [connections.open("1"), connections.open("2")];

  it("is empty at first", () => {
    const readers = new Subscribers();
    expect([readers.size, [...readers], readers.has(ada), readers.delete(ada)]).toEqual([
      0,
      [],
      false,
      false,
    ]);
  });

  it("holds each connection once, however often it is added", () => {
    const readers = new Subscribers();
    for (const reader of [ada, ada, bea, bea]) readers.add(reader);
    expect(readers.size).toBe(2);
    expect([...readers]).toEqual([ada, bea]);
  });

  it("holds no connection after it was removed, the only one included", () => {
    const readers = new Subscribers();
    readers.add(ada);
    expect([readers.delete(bea), readers.delete(ada), readers.delete(ada), readers.size]).toEqual([
      false,
      true,
      false,
      0,
    ]);
    for (const reader of [bea, ada]) readers.add(reader);
    expect([readers.delete(bea), readers.has(bea), readers.has(ada), [...readers]]).toEqual([
      true,
      false,
      true,
      [ada],
    ]);
  });
});
