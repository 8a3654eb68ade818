import { afterAll, beforeAll, expect, it } from "vitest";
import { Cluster } from "./support/cluster.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ runtimes: ["node", "bun"] });
});
afterAll(() => cluster.close());

it("a message from a node on Node reaches a client of a node on Bun, and the other way round", async () => {
  const [ada, bob] = await Promise.all([
    cluster.connect(cluster.node(0), "ada"),
    cluster.connect(cluster.node(1), "bob"),
  ]);
  await Promise.all([ada.join("lobby"), bob.join("lobby")]);

  await ada.deliver("chat_message", { content: "from Node" }, "room:lobby");
  expect(await bob.next({ type: "chat_message" })).toMatchObject({ content: "from Node" });
  await bob.deliver("chat_message", { content: "from Bun" }, "room:lobby");
  expect(await ada.next({ type: "chat_message", content: "from Bun" })).toMatchObject({
    from: { userId: "bob" },
  });
});
