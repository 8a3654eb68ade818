// What the queues of one user hold, over all connections and reconnects.
import { describe, expect, it } from "vitest";
import { chat, comeBack, goAway, SLOW } from "../support/away.ts";
import { MemoryNode } from "../support/memory-node.ts";
import { TwoNodes } from "../support/two-nodes.ts";

/** Of each connection one send runs and four wait; of a user twelve. */
const LIMITS = { waitingSends: 4, userWaitingSends: 12, chatPerSecond: 1e6, chatBurst: 1e6 };

/** A node on which chat messages wait for `release`. */
function hangingNode(): { readonly node: MemoryNode; readonly release: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const node = new MemoryNode({
    limits: { ...LIMITS, userChatPerSecond: 1e6, userChatBurst: 1e6 },
    chat: { beforePublish: async () => promise },
  });
  return {
    node,
    release: () => {
      resolve(undefined);
    },
  };
}

/** Connects, sends five messages and drops the connection. @returns the codes of the errors */
async function sendFiveAndDrop(node: MemoryNode, userId: string): Promise<unknown[]> {
  const { socket } = await node.connect(userId);
  for (let seq = 1; seq <= 5; seq++)
    node.manager.handleMessage(socket, JSON.stringify({ type: "chat_message", content: "hi", $: { seq } }));
  await node.settle();
  const codes = socket.take().flatMap(({ type, code }) => (type === "error" ? [code] : []));
  await node.drop(socket);
  return codes;
}

describe("the sends of one user that wait", () => {
  it("are bounded over all connections, those that have closed included, and run when they can [s-A1]", async () => {
    const { node, release } = hangingNode();
    const refused: unknown[] = [];
    for (let n = 0; n < 10; n++) refused.push(...(await sendFiveAndDrop(node, "eve")));
    expect(refused).toEqual(Array.from({ length: 38 }, () => "limit_exceeded"));
    expect(await sendFiveAndDrop(node, "bob")).toEqual([]);

    const { socket: reader } = await node.connect("ada");
    release();
    await node.settle();
    expect(reader.take().filter(({ type }) => type === "chat_message")).toHaveLength(17);
    expect(await sendFiveAndDrop(node, "eve")).toEqual([]);
    await node.manager.close();
  });

  it("count no more when a close for good has dropped them [s-A1]", async () => {
    const { node } = hangingNode();
    const { socket } = await node.connect("eve");
    for (let seq = 1; seq <= 5; seq++)
      node.manager.handleMessage(socket, JSON.stringify({ type: "chat_message", content: "hi", $: { seq } }));
    await node.manager.disconnectUser("eve");
    await node.clock.advance(10);
    const refused: unknown[] = [];
    for (let n = 0; n < 3; n++) refused.push(...(await sendFiveAndDrop(node, "eve")));
    // The handler that ran was aborted, too: twelve may wait again.
    expect(refused).toEqual(Array.from({ length: 3 }, () => "limit_exceeded"));
    await node.manager.close();
  });

  it("count no more when their connection has closed while the store was away", async () => {
    const nodes = new TwoNodes({ limits: LIMITS }, SLOW);
    await goAway(nodes);
    for (let n = 0; n < 4; n++) {
      const socket = await nodes.connect(nodes.a, "eve");
      for (let seq = 1; seq <= 5; seq++) socket.say(chat(String(seq), seq));
      await nodes.run(100);
      socket.close(1006);
      // Longer than a send is begun again and again.
      await nodes.run(15_000);
    }
    await comeBack(nodes);
    const socket = await nodes.connect(nodes.a, "eve");
    for (let seq = 1; seq <= 5; seq++) socket.say(chat(String(seq), seq));
    await nodes.run(5_000);
    expect([socket.of("error"), socket.of("reply").length]).toEqual([[], 5]);
  });
});
