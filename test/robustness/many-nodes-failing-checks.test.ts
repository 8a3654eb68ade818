// A node comes back to the store, and the first call with which it asks who has lost a right fails.
import { HalyardError } from "@halyard/protocol";
import type { Backplane } from "@halyard/server";
import { expect, it } from "vitest";
import { announce, heard } from "../support/away.ts";
import { TwoNodes } from "../support/two-nodes.ts";

/** Two nodes. The next call of node `b` that the test names fails, and those after it do not. */
function scene() {
  const failing = new Set<"read" | "revocations">();
  const fails = (name: "read" | "revocations"): boolean => failing.delete(name);
  const unavailable = (): Promise<never> => Promise.reject(new HalyardError("unavailable"));
  const wrap = (id: string, backplane: Backplane): Backplane => {
    if (id !== "b") return backplane;
    const read = backplane.read.bind(backplane);
    const revocations = backplane.revocations.bind(backplane);
    return Object.assign(backplane, {
      read: (...args: Parameters<Backplane["read"]>) =>
        args[0] === "nodes" && fails("read") ? unavailable() : read(...args),
      revocations: (...args: Parameters<Backplane["revocations"]>) =>
        fails("revocations") ? unavailable() : revocations(...args),
    });
  };
  return { failing, nodes: new TwoNodes({}, {}, wrap) };
}

async function settle(nodes: TwoNodes, promise: Promise<unknown>): Promise<void> {
  promise.catch(() => {});
  await nodes.run(3_000);
  await promise;
}

it.each([
  ["read", "removed from the room"],
  ["revocations", "banned"],
] as const)("delivers nothing while %s fails to a user who was %s", async (call, loss) => {
  const { failing, nodes } = scene();
  const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
  nodes.shared.partition("b");
  await nodes.run(1_000);
  const { manager } = nodes.a;
  await settle(
    nodes,
    loss === "banned" ? manager.disconnectUser("ada", { code: 4403 }) : manager.removeFromRoom("ada", "team"),
  );
  failing.add(call);
  nodes.shared.heal();
  void announce(nodes, "a", "for members", "team");
  void announce(nodes, "a", "for all in the lobby", "lobby");
  await nodes.run(10_000);
  expect(failing.size).toBe(0);
  expect([heard(ada), ada.closedWith]).toEqual(
    loss === "banned" ? [[], 4403] : [["for all in the lobby"], undefined],
  );
});
