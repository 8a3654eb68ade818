// disconnectUser and disconnectSession on two managers over one store: every node closes, also one that is cut off.
import { describe, expect, it } from "vitest";
import { TwoNodes } from "../support/two-nodes.ts";

describe("on two nodes", () => {
  it("disconnectUser closes the user's connections on every node, and nobody else's [s-D-revoke]", async () => {
    const nodes = new TwoNodes({}, { latencyMs: { min: 1, max: 25 }, seed: 3 });
    const sockets = [
      await nodes.connect(nodes.a, "ada"),
      await nodes.connect(nodes.b, "ada"),
      await nodes.connect(nodes.b, "bea"),
    ];
    void nodes.a.manager.disconnectUser("ada", { code: 4403 });
    await nodes.run(1_000);
    expect(sockets.map(({ closedWith }) => closedWith)).toEqual([4403, 4403, undefined]);
  });

  it("a ban that was said while a node was cut off closes its connections when it is back [s-D-revoke]", async () => {
    const nodes = new TwoNodes();
    const there = await nodes.connect(nodes.b, "ada");
    const other = await nodes.connect(nodes.b, "bea");
    nodes.shared.partition("b");
    await nodes.run(500);
    void nodes.a.manager.disconnectUser("ada", { code: 4403 });
    await nodes.run(3_000);
    expect(there.closedWith).toBeUndefined();
    nodes.shared.heal();
    await nodes.run(5_000);
    expect([there.closedWith, other.closedWith]).toEqual([4403, undefined]);
  });

  it("a user who connects anew after a disconnectUser stays, also through an interruption [s-D-revoke]", async () => {
    const nodes = new TwoNodes();
    void nodes.a.manager.disconnectUser("ada");
    await nodes.run(1_000);
    const anew = await nodes.connect(nodes.b, "ada");
    nodes.shared.partition("b");
    await nodes.run(2_000);
    nodes.shared.heal();
    await nodes.run(5_000);
    expect(anew.closedWith).toBeUndefined();
  });
});
