// manager.requestRoom on two managers over one store: every connection in a room is asked, and each that is silent is named.
import { describe, expect, it } from "vitest";
import { answer, asked, outcome, scene, YES } from "../support/asking-nodes.ts";
import type { Reply } from "../support/asking-nodes.ts";

describe("a request of the server to a room", () => {
  it("resolves with the answer of every connection on every node, and names the connections that have not answered", async () => {
    const { nodes, a } = scene();
    const sockets = {
      ada: await nodes.connect(nodes.a, "ada", { rooms: ["hall"] }),
      bob: await nodes.connect(nodes.b, "bob", { rooms: ["hall"] }),
      cy: await nodes.connect(nodes.b, "cy", { rooms: ["hall"] }),
      dan: await nodes.connect(nodes.b, "dan", { rooms: ["hall"] }),
      eve: await nodes.connect(nodes.b, "eve", { rooms: ["elsewhere"] }),
    };
    const result = a.requestRoom("hall", "confirm", { question: "All?" }, { timeoutMs: 5_000 });
    await nodes.run(200);
    answer(sockets.ada, YES);
    answer(sockets.bob, { result: { answer: "no" } });
    answer(sockets.cy, { code: "conflict" });
    await nodes.run(5_000);
    const replies = byUser(await result);
    expect(replies).toMatchObject([
      { status: "fulfilled", userId: "ada", value: { answer: "yes" } },
      { status: "fulfilled", userId: "bob", value: { answer: "no" } },
      { status: "rejected", userId: "cy", reason: { code: "conflict" } },
      { status: "rejected", userId: "dan", reason: { code: "timeout" } },
    ]);
    expect(replies.map(({ connectionId }) => connectionId.split(".")[0])).toEqual(["a", "b", "b", "b"]);
    expect(asked(sockets.eve)).toEqual([]);
  });

  it("resolves with nothing for a room that is empty", async () => {
    const { nodes, a } = scene();
    const result = a.requestRoom("hall", "confirm", {});
    await nodes.run(200);
    expect(await result).toEqual([]);
  });

  it("names the users of a node that does not answer, and forgets them with its lease", async () => {
    const { nodes, a, b } = scene();
    const here = await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
    await nodes.connect(nodes.b, "bob", { rooms: ["hall"] });
    expect(b.getConnectionStats().totalConnections).toBe(1);
    nodes.shared.partition("b");
    const result = a.requestRoom("hall", "confirm", {});
    await nodes.run(1_200);
    answer(here, YES);
    await nodes.run(200);
    expect(byUser(await result)).toMatchObject([
      { status: "fulfilled", userId: "ada" },
      { status: "rejected", userId: "bob", connectionId: "", reason: { code: "unavailable" } },
    ]);
    await nodes.run(20_000);
    const later = a.requestRoom("hall", "confirm", {});
    await nodes.run(200);
    answer(here, YES);
    await nodes.run(200);
    expect(byUser(await later)).toMatchObject([{ status: "fulfilled", userId: "ada" }]);
  });

  it("names the node where presence is switched off and no user is known", async () => {
    const { nodes, a } = scene({ builtIns: { presence: false } });
    await nodes.connect(nodes.b, "bob", { rooms: ["hall"] });
    nodes.shared.partition("b");
    const result = a.requestRoom("hall", "confirm", {});
    await nodes.run(1_200);
    const reason = { code: "unavailable", message: "The node b does not answer." };
    expect(await result).toMatchObject([{ status: "rejected", userId: "", connectionId: "", reason }]);
  });

  it("asks no connection in a room of more than 1,000", async () => {
    const { nodes, a } = scene();
    const first = await nodes.connect(nodes.a, "u0", { rooms: ["hall"] });
    const opened = Array.from({ length: 1_000 }, (_, n) => nodes.open(nodes.b, `u${String(n + 1)}`));
    await nodes.run(200);
    for (const [n, socket] of opened.entries())
      socket.say({
        type: "hello",
        clientId: `client-of-hall-${String(n).padStart(8, "0")}`,
        attempt: 1,
        rooms: ["hall"],
      });
    await nodes.run(2_000);
    const result = outcome(a.requestRoom("hall", "confirm", {}));
    await nodes.run(1_200);
    expect(await result).toBe("limit_exceeded");
    opened[0]?.close(1000);
    await nodes.run(200);
    const all = a.requestRoom("hall", "confirm", {}, { timeoutMs: 3_000 });
    await nodes.run(1_000);
    for (const socket of [first, ...opened]) answer(socket, YES);
    await nodes.run(3_000);
    const replies = await all;
    expect(replies).toHaveLength(1_000);
    expect(replies.filter(({ status }) => status !== "fulfilled")).toEqual([]);
  });

  it("rejects with unavailable while the store is away, and with the reason of an aborted signal", async () => {
    const { nodes, a } = scene();
    await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
    nodes.shared.partition("a");
    const result = outcome(a.requestRoom("hall", "confirm", {}));
    await nodes.run(2_000);
    expect(await result).toBe("unavailable");
    nodes.shared.heal();
    await nodes.run(3_000);
    const controller = new AbortController();
    const aborted = outcome(a.requestRoom("hall", "confirm", {}, { signal: controller.signal }));
    await nodes.run(200);
    const reason = new Error("no longer needed");
    controller.abort(reason);
    expect(await aborted).toBe(reason);
  });
});

function byUser(replies: readonly Reply[]): Reply[] {
  return replies.toSorted((one, other) => one.userId.localeCompare(other.userId));
}
