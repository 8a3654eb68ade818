import { describe, expect, it } from "vitest";
import { ReadonlyMapView } from "./read-only-map-view.ts";

describe("ReadonlyMapView", () => {
  const source = new Map([["a", 1]]);
  const view = new ReadonlyMapView(source, (value) => `${String(value)}!`);

  it("shows the current entries through every read method of a map", () => {
    source.set("b", 2);
    const visited: unknown[] = [];
    view.forEach((value, key, map) => visited.push([key, value, map === view]));
    expect(view.size).toBe(2);
    expect([view.get("b"), view.get("c"), view.has("b"), view.has("c")]).toEqual([
      "2!",
      undefined,
      true,
      false,
    ]);
    expect([...view.keys(), ...view.values()]).toEqual(["a", "b", "1!", "2!"]);
    expect([...view]).toEqual([...view.entries()]);
    expect(new Map(view)).toEqual(
      new Map([
        ["a", "1!"],
        ["b", "2!"],
      ]),
    );
    expect(visited).toEqual([
      ["a", "1!", true],
      ["b", "2!", true],
    ]);
  });
});
