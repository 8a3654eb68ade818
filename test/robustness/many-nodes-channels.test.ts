// Channels and results on two managers over one store that loses replies, is emptied, or lags behind.
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, BackplaneHandlers } from "@halyard/server";
import { expect, it } from "vitest";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";
import type { NodeSocket } from "../support/two-nodes.ts";

/** A backplane whose node does not hear of some publications. */
function deafTo(backplane: Backplane, isLost: (data: string) => boolean): Backplane {
  const start = backplane.start.bind(backplane);
  return Object.assign(backplane, {
    start: (handlers: BackplaneHandlers) =>
      start({
        ...handlers,
        onPublication: (publication) => {
          if (!isLost(publication.data)) handlers.onPublication(publication);
        },
      }),
  });
}

const chat = (content: string) => ({ type: "chat_message", content }) as const;

/** Publishes as the server does, and does not wait. */
const say = (nodes: TwoNodes, content: string): void =>
  void nodes.b.manager.broadcastMessage({
    ...chat(content),
    from: { userId: "server", name: "server", connectedAt: "2026-01-01T00:00:00Z" },
    timestamp: "2026-01-01T00:00:00Z",
  } as never);

const stateOf = (
  { frames }: NodeSocket,
  channel: string,
): { readonly recovered?: unknown; readonly off: number; readonly epoch: string } => {
  const welcome = frames.find(({ type }) => type === "welcome");
  return (
    (welcome?.["channels"] as Record<string, { recovered?: unknown; off: number; epoch: string }>)[
      channel
    ] ?? { off: 0, epoch: "" }
  );
};

it("after an interruption of everything a node reads what it missed, and only the channels that moved [s-D-resync]", async () => {
  let reads = 0;
  const nodes = new TwoNodes({}, {}, (id, backplane) => {
    if (id !== "a") return backplane;
    const read = backplane.read.bind(backplane);
    return Object.assign(backplane, {
      read: (...args: Parameters<Backplane["read"]>) => {
        reads++;
        return read(...args);
      },
    });
  });
  const sockets: NodeSocket[] = [];
  for (let n = 0; n < 30; n++) sockets.push(await nodes.connect(nodes.a, `user-${String(n)}`));
  nodes.shared.partition("a");
  say(nodes, "missed");
  await nodes.run(1_000);
  reads = 0;
  nodes.shared.heal();
  await nodes.run(5_000);
  for (const socket of sockets) expect(socket.chats).toEqual(["missed"]);
  expect(reads).toBeLessThanOrEqual(2);
});

it("what comes during each of many reads of a channel is delivered, the last message too [s-D-sync]", async () => {
  let rounds = 0;
  const nodes: TwoNodes = new TwoNodes({}, {}, (id, backplane) => {
    if (id !== "a") return backplane;
    const read = backplane.read.bind(backplane);
    const overtaken = Object.assign(backplane, {
      read: async (...args: Parameters<Backplane["read"]>) => {
        const result = await read(...args);
        if (args[0] !== "all" || rounds === 0 || rounds > 6) return result;
        say(nodes, `hidden ${String(rounds)}`);
        say(nodes, `seen ${String(rounds++)}`);
        // The publications come before the result of the read does, which is older.
        for (let turn = 0; turn < 20; turn++)
          await new Promise<void>((resolve) => nodes.clock.setImmediate(resolve));
        return result;
      },
    });
    return deafTo(overtaken, (data) => data.includes("hidden"));
  });
  const ada = await nodes.connect(nodes.a, "ada");
  rounds = 1;
  say(nodes, "hidden 0");
  say(nodes, "seen 0");
  await nodes.run(10_000);
  const all = Array.from({ length: 7 }, (_, n) => [`hidden ${String(n)}`, `seen ${String(n)}`]).flat();
  expect(ada.chats).toEqual(all);
  expect(ada.of("gap")).toEqual([]);
});

it("a client with a newer epoch than a node that lags is recovered there, and not given the dead epoch [s-D-epoch]", async () => {
  let isDeaf = false;
  const nodes = new TwoNodes({}, {}, (id, backplane) =>
    id === "a" ? deafTo(backplane, () => isDeaf) : backplane,
  );
  await nodes.connect(nodes.a, "bea");
  const clientId = newClientId();
  const first = await nodes.connect(nodes.b, "ada", { clientId });
  isDeaf = true;
  nodes.shared.clear();
  say(nodes, "after the loss");
  await nodes.run(100);
  const [gap] = first.of("gap");
  const meta = first.of("chat_message").at(-1)?.["$"] as { readonly off: number } | undefined;
  const position = { ch: "all", epoch: String(gap?.["epoch"]), off: meta?.off ?? Number(gap?.["off"]) };
  const second = nodes.open(nodes.a, "ada");
  await nodes.run(50);
  second.say({ type: "hello", clientId, attempt: 2, rooms: [], positions: [position] });
  await nodes.run(200);
  expect(stateOf(second, "all")).toMatchObject({ recovered: true, epoch: position.epoch });
});

it("a hundred clients that resume one channel at a node that does not have it cost a few reads of its history [s-D-reads]", async () => {
  let reads = 0;
  const nodes = new TwoNodes({}, { latencyMs: { min: 5, max: 5 } }, (id, backplane) => {
    if (id !== "a") return backplane;
    const read = backplane.read.bind(backplane);
    return Object.assign(backplane, {
      read: (...args: Parameters<Backplane["read"]>) => {
        if (args[0] === "all") reads++;
        return read(...args);
      },
    });
  });
  const reader = await nodes.connect(nodes.b, "reader");
  const { epoch, off } = stateOf(reader, "all");
  for (let n = 0; n < 80; n++) say(nodes, `message ${String(n)}`);
  await nodes.run(500);
  const sockets = Array.from({ length: 100 }, (_, n) => nodes.open(nodes.a, `user-${String(n)}`));
  await nodes.run(100);
  for (const socket of sockets)
    socket.say({
      type: "hello",
      clientId: newClientId(),
      attempt: 1,
      rooms: [],
      positions: [{ ch: "all", epoch, off }],
    });
  await nodes.run(3_000);
  for (const socket of sockets) expect(socket.chats).toHaveLength(80);
  expect(reads).toBeLessThanOrEqual(5);
});

/** A backplane whose calls take effect, and whose first replies are lost. */
function losesReplies(backplane: Backplane, method: "begin" | "publish", count: number): Backplane {
  let left = count;
  const call = backplane[method].bind(backplane) as (...args: unknown[]) => Promise<unknown>;
  return Object.assign(backplane, {
    [method]: async (...args: unknown[]) => {
      const result = await call(...args);
      if (left-- > 0) throw new HalyardError("unavailable");
      return result;
    },
  });
}

it.each([
  ["begin", 1],
  ["begin", 40],
  ["publish", 1],
  ["publish", 40],
] as const)(
  "a send whose `%s` takes effect and loses its reply %s times is stored once, and its sender hears so [s-D-outcome]",
  async (method, count) => {
    const nodes = new TwoNodes({}, {}, (id, backplane) =>
      id === "a" ? losesReplies(backplane, method, count) : backplane,
    );
    const reader = await nodes.connect(nodes.b, "bea");
    const clientId = newClientId();
    const send = { type: "chat_message", content: "once", $: { seq: 1 } };
    const first = await nodes.connect(nodes.a, "ada", { clientId });
    first.say(send);
    await nodes.run(13_000);
    const second = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
    second.say(send);
    await nodes.run(13_000);
    expect(reader.chats).toEqual(["once"]);
    expect(first.of("error")).toEqual([]);
    expect(second.of("reply")).toHaveLength(1);
  },
);

it("a send whose result could not be stored is answered with it, runs once, and the next one is taken [s-D-settle]", async () => {
  let isAway = true;
  let handled = 0;
  const nodes = new TwoNodes({}, {}, (_, backplane) => {
    const settle = backplane.settle.bind(backplane);
    return Object.assign(backplane, {
      settle: (...args: Parameters<Backplane["settle"]>) =>
        isAway ? Promise.reject(new Error("away")) : settle(...args),
    });
  });
  nodes.a.handlers.on("chat_message" as never, () => {
    handled++;
  });
  const clientId = newClientId();
  const ada = await nodes.connect(nodes.a, "ada", { clientId });
  const send = { type: "chat_message", content: "once", $: { seq: 1 } };
  ada.say(send);
  await nodes.run(1_000);
  const again = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2 });
  again.say(send);
  await nodes.run(5_000);
  isAway = false;
  await nodes.run(15_000);
  const elsewhere = await nodes.connect(nodes.b, "ada", { clientId, attempt: 3 });
  elsewhere.say(send);
  await nodes.run(2_000);
  const replies = [ada, again, elsewhere].map((socket) => socket.of("reply").length);
  expect({ handled: handled <= 1, replies }).toEqual({ handled: true, replies: [1, 1, 1] });
});
