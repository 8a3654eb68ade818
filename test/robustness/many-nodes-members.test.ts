// A user loses a room, or the right to it, on every node at once: what an application calls when its members change.
import { createPublisher } from "@halyard/server/publisher";
import type { Backplane, BackplaneHandlers, Publication, Publisher } from "@halyard/server";
import { describe, expect, it } from "vitest";
import { announce, chat, comeBack, heard } from "../support/away.ts";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";
import type { NodeSocket } from "../support/two-nodes.ts";

const LEFT = { type: "left", room: "team", reason: "forbidden" };

/** Two nodes of an application whose members a test changes, and one that is not a node. */
function scene() {
  const members = new Set(["ada", "bob"]);
  const asked: string[] = [];
  let answer: (isAllowed: boolean) => boolean | Promise<boolean> = (isAllowed) => isAllowed;
  const nodes = new TwoNodes({
    authorize: ({ user, room }) => {
      asked.push(`${user.id} ${room}`);
      return answer(room !== "team" || members.has(user.id));
    },
  });
  const worker = createPublisher({ backplane: nodes.shared.node("worker"), clock: nodes.clock });
  const answerWith = (next: typeof answer): void => void (answer = next);
  return { answerWith, asked, members, nodes, worker };
}

async function settle<TResult>(nodes: TwoNodes, promise: Promise<TResult>): Promise<TResult> {
  promise.catch(() => {});
  await nodes.run(3_000);
  return promise;
}

describe.each(["a manager", "a publisher"] as const)("%s", (kind) => {
  const callerOf = ({
    nodes,
    worker,
  }: ReturnType<typeof scene>): Pick<Publisher, "reauthorize" | "removeFromRoom"> =>
    kind === "a manager" ? nodes.a.manager : worker;

  it("removes a user from a room on every node, and nobody else; the connections stay open", async () => {
    const all = scene();
    const { members, nodes } = all;
    const ada = [
      await nodes.connect(nodes.a, "ada", { rooms: ["team", "lobby"] }),
      await nodes.connect(nodes.b, "ada", { rooms: ["team"] }),
    ];
    const bob = await nodes.connect(nodes.b, "bob", { rooms: ["team"] });
    members.delete("ada");
    await settle(nodes, callerOf(all).removeFromRoom("ada", "team"));
    await settle(nodes, announce(nodes, "b", "for members", "team"));
    for (const socket of ada) {
      expect(socket.of("left")).toMatchObject([LEFT]);
      expect([heard(socket), socket.closedWith]).toEqual([[], undefined]);
      socket.say({ type: "join", room: "team", $: { id: "j1" } });
    }
    await nodes.run(1_000);
    for (const socket of ada) expect(socket.of("error")).toMatchObject([{ code: "forbidden" }]);
    expect([bob.of("left"), heard(bob)]).toEqual([[], ["for members"]]);
    expect(await settle(nodes, nodes.a.manager.listUsers({ room: "team" }))).toMatchObject({ total: 1 });
    expect(nodes.errors).toEqual([]);
  });

  it("takes a room that the server gave, also from a client that is away", async () => {
    const all = scene();
    const { members, nodes } = all;
    members.clear();
    const [here, away] = [newClientId(), newClientId()];
    const give = async (clientId: string): Promise<NodeSocket> => {
      const socket = await nodes.connect(nodes.b, "ada", { clientId });
      await settle(nodes, nodes.b.manager.join(socket, "team"));
      return socket;
    };
    const staying = await give(here);
    nodes.b.manager.handleClose(await give(away), 1006);
    await nodes.run(1_000);
    await settle(nodes, callerOf(all).removeFromRoom("ada", "team"));
    expect(staying.of("left")).toMatchObject([LEFT]);
    for (const clientId of [here, away]) {
      const again = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2 });
      expect(again.of("welcome")[0]?.["channels"]).not.toHaveProperty("room:team");
    }
  });

  it("lets a join that waits for its answer ask again", async () => {
    const all = scene();
    const { answerWith, members, nodes } = all;
    const socket = await nodes.connect(nodes.b, "ada");
    const answers: (() => void)[] = [];
    answerWith((isAllowed) => new Promise((resolve) => answers.push(() => resolve(isAllowed))));
    socket.say({ type: "join", room: "team", $: { id: "j1" } });
    await nodes.run(100);
    members.delete("ada");
    await settle(nodes, callerOf(all).removeFromRoom("ada", "team"));
    for (let turn = 0; turn < 3; turn++) {
      for (const give of answers.splice(0)) give();
      await nodes.run(10);
    }
    expect([socket.of("error"), socket.of("reply")]).toMatchObject([[{ code: "forbidden" }], []]);
  });

  it("asks authorize again for what a user holds, on every node: what is refused is left", async () => {
    const all = scene();
    const { asked, members, nodes } = all;
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
    const bob = await nodes.connect(nodes.b, "bob", { rooms: ["team"] });
    members.delete("ada");
    asked.length = 0;
    await settle(nodes, callerOf(all).reauthorize("ada"));
    expect([...new Set(asked)].sort()).toEqual(["ada all", "ada lobby", "ada team"]);
    expect(ada.of("left")).toMatchObject([LEFT]);
    expect(bob.of("left")).toEqual([]);
    await settle(nodes, announce(nodes, "a", "still here", "lobby"));
    expect([heard(ada), ada.of("gap")]).toEqual([["still here"], []]);
  });

  it("refuses a name that is no room's, and says when other nodes may not know", async () => {
    const all = scene();
    const { nodes } = all;
    const ada = await nodes.connect(nodes.a, "ada", { rooms: ["team"] });
    await expect(callerOf(all).removeFromRoom("ada", "")).rejects.toThrow(TypeError);
    nodes.shared.partition(kind === "a manager" ? "a" : "worker");
    const unavailable = { code: "unavailable" };
    const [removal, review] = [callerOf(all).removeFromRoom("ada", "team"), callerOf(all).reauthorize("ada")];
    review.catch(() => {});
    await expect(settle(nodes, removal)).rejects.toMatchObject(unavailable);
    await expect(review).rejects.toMatchObject(unavailable);
    expect(ada.of("left")).toHaveLength(kind === "a manager" ? 1 : 0);
  });
});

it("what a removed user has sent to the room over a lost connection does not run any more", async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const nodes = new TwoNodes({
    // Whether a user is in the room is the server's own knowledge: who is in it may write there.
    authorize: () => true,
    chat: { beforePublish: ({ content }) => (content === "slow" ? promise : undefined) },
  });
  const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
  const bob = await nodes.connect(nodes.a, "bob", { rooms: ["team", "lobby"] });
  for (const [seq, text] of ["slow", "in the room"].entries())
    ada.say(chat(text, seq + 1, seq === 0 ? "lobby" : "team"));
  ada.say(chat("elsewhere", 3, "lobby"));
  await nodes.run(100);
  ada.close(1006);
  await settle(nodes, nodes.a.manager.removeFromRoom("ada", "team"));
  resolve(undefined);
  await nodes.run(1_000);
  expect(bob.chats).toEqual(["slow", "elsewhere"]);
});

describe("a node that is cut off at that moment", () => {
  /** Cuts node b off while the members change, and brings it back. */
  async function whileCutOff(nodes: TwoNodes, change: () => Promise<unknown>, awayMs: number): Promise<void> {
    nodes.shared.partition("b");
    await nodes.run(1_000);
    await settle(nodes, change());
    await settle(nodes, announce(nodes, "a", "for members", "team"));
    await nodes.run(awayMs);
    await comeBack(nodes);
  }

  // The second time is longer than the lease of a node.
  it.each([1_000, 30_000])(
    "removes the user when it is back, before it delivers anything (away %i ms)",
    async (awayMs) => {
      const { members, nodes, worker } = scene();
      const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
      const given = await nodes.connect(nodes.b, "cay");
      await settle(nodes, nodes.b.manager.join(given, "team"));
      const bob = await nodes.connect(nodes.b, "bob", { rooms: ["team"] });
      const removeAll = async (): Promise<void> => {
        members.delete("ada");
        await nodes.a.manager.removeFromRoom("ada", "team");
        await worker.removeFromRoom("cay", "team");
      };
      await whileCutOff(nodes, removeAll, awayMs);
      for (const socket of [ada, given]) {
        expect(socket.of("left")).toMatchObject([LEFT]);
        expect([heard(socket), socket.closedWith]).toEqual([[], undefined]);
      }
      expect([bob.of("left"), heard(bob)]).toEqual([[], ["for members"]]);
      expect(await settle(nodes, nodes.a.manager.listUsers({ room: "team" }))).toMatchObject({ total: 1 });
      expect(nodes.errors).toEqual([]);
    },
  );

  it("asks authorize again when it is back", async () => {
    const { members, nodes } = scene();
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
    await whileCutOff(
      nodes,
      () => {
        members.delete("ada");
        return nodes.a.manager.reauthorize("ada");
      },
      1_000,
    );
    expect(ada.of("left")).toMatchObject([LEFT]);
    await settle(nodes, announce(nodes, "a", "for the lobby", "lobby"));
    expect(heard(ada)).toEqual(["for the lobby"]);
  });

  it("closes the connections of a user who was banned when it is back, before it delivers anything", async () => {
    const { nodes } = scene();
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team"] });
    await whileCutOff(nodes, () => nodes.a.manager.disconnectUser("ada", { code: 4403 }), 1_000);
    expect([ada.closedWith, heard(ada)]).toEqual([4403, []]);
  });

  it("closes the connections in a room when it is back", async () => {
    const { nodes } = scene();
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team"] });
    const bob = await nodes.connect(nodes.b, "bob", { rooms: ["lobby"] });
    await whileCutOff(nodes, () => nodes.a.manager.disconnectRoom("team", { code: 4403 }), 1_000);
    expect([ada.closedWith, bob.closedWith]).toEqual([4403, undefined]);
  });

  it("asks authorize about everything when it cannot know what it has missed", async () => {
    const { members, nodes } = scene();
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
    const loseAll = async (): Promise<void> => {
      members.delete("ada");
      await nodes.a.manager.removeFromRoom("ada", "team");
      nodes.shared.clear();
    };
    await whileCutOff(nodes, loseAll, 1_000);
    expect(ada.of("left")).toMatchObject([LEFT]);
    expect([heard(ada), ada.closedWith]).toEqual([[], undefined]);
  });

  it("does once what it was told, and nothing of what it has said itself", async () => {
    const { nodes } = scene();
    const connect = (node: typeof nodes.a) => nodes.connect(node, "ada", { rooms: ["team"] });
    const before = [await connect(nodes.a), await connect(nodes.b)];
    const closing = nodes.a.manager.disconnectRoom("team", { code: 4403 });
    const atOnce = await connect(nodes.a);
    await settle(nodes, closing);
    const later = await connect(nodes.b);
    nodes.shared.partition("b");
    await nodes.run(3_000);
    await comeBack(nodes);
    const codes = [...before, atOnce, later].map(({ closedWith }) => closedWith);
    expect(codes).toEqual([4403, 4403, undefined, undefined]);
  });
});

it("a node that comes back delivers nothing to a user who was removed, also nothing that arrives while it reads who was", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const members = new Set(["ada"]);
    const nodes = new TwoNodes(
      { authorize: ({ user, room }) => room !== "team" || members.has(user.id) },
      { latencyMs: { min: 1, max: 60 }, seed },
    );
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team", "lobby"] });
    await nodes.run(3_000);
    nodes.shared.partition("b");
    await nodes.run(1_000);
    members.clear();
    await settle(nodes, nodes.a.manager.removeFromRoom("ada", "team"));
    nodes.shared.heal();
    for (const room of ["team", "lobby"]) void announce(nodes, "a", `in the ${room}`, room);
    await nodes.run(10_000);
    expect(heard(ada), `seed ${String(seed)}`).toEqual(["in the lobby"]);
  }
});

describe("where instructions to nodes are lost", () => {
  it("those that follow are carried out, in a store that has lost everything", async () => {
    const { nodes } = scene();
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team"] });
    await settle(nodes, nodes.a.manager.disconnectRoom("lobby"));
    nodes.shared.clear();
    await settle(nodes, nodes.a.manager.disconnectRoom("team", { code: 4403 }));
    expect(ada.closedWith).toBe(4403);
  });

  it("a node reads their channel when the backplane says that messages of it may be missing", async () => {
    let interrupt = (): void => {};
    const deaf = (_: string, backplane: Backplane): Backplane => {
      const start = backplane.start.bind(backplane);
      return Object.assign(backplane, {
        start: (handlers: BackplaneHandlers) => {
          const names = ["nodes"];
          interrupt = () => handlers.onInterrupted(names);
          const onPublication = (publication: Publication): void => {
            if (!names.includes(publication.channel)) handlers.onPublication(publication);
          };
          return start({ ...handlers, onPublication });
        },
      });
    };
    const nodes = new TwoNodes({}, {}, deaf);
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team"] });
    await settle(nodes, nodes.a.manager.disconnectRoom("team", { code: 4403 }));
    expect(ada.closedWith).toBeUndefined();
    interrupt();
    await nodes.run(1_000);
    expect(ada.closedWith).toBe(4403);
  });
});
