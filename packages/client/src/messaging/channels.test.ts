import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { createWorld, reply, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const vote = (off: number, ch = "all") => ({ type: "poll_result", votes: [off], $: { ch, off } });
const resumed = (channels: object) => ({
  channels: { all: { epoch: "e1", off: 12, recovered: true }, ...channels },
});

/** Everything that the client hears, as text. */
function listen(world: ReturnType<typeof createWorld>): string[] {
  const heard: string[] = [];
  world.client.on("poll_result", ({ votes }, { room, replayed }) =>
    heard.push([room ?? "-", ...votes, ...(replayed ? ["replayed"] : [])].join(" ")),
  );
  world.client.onGap((channel, reason) => heard.push(`gap ${channel} ${reason}`));
  return heard;
}
const positions = (socket: FakeSocket) => socket.sent("hello")[0]?.["positions"];

describe("positions", () => {
  it("begin where the welcome says, move with each frame of the channel, and go into the next hello", async () => {
    const world = createWorld();
    const heard = listen(world);
    const first = await world.open();
    first.receive(vote(11), vote(14), { type: "skip", $: { ch: "all", off: 17 } }, vote(3, "user:ada"));
    first.drop();
    const second = await world.open();
    expect(heard).toEqual(["- 11", "- 14", "- 3"]);
    expect(positions(second)).toEqual([
      { ch: "all", epoch: "e1", off: 17 },
      { ch: "user:ada", epoch: "e1", off: 3 },
    ]);
  });

  it("do not move with a reply, with an ephemeral frame, or with what is not a number", async () => {
    const world = createWorld();
    const first = await world.open();
    void world.client.send("chat_message", { content: "a" });
    first.receive(
      reply(first.sent("chat_message")[0], { id: "x", ch: "all", off: 99 }),
      { type: "poll_result", votes: [], $: { ch: "all" } },
      '{"type":"poll_result","votes":[],"$":{"ch":"all","off":1e999}}',
      { type: "poll_result", votes: [], $: { ch: "all", off: "12" } },
      { type: "poll_result", votes: [], $: { ch: "nowhere", off: 5 } },
    );
    first.drop();
    expect(positions(await world.open())).toContainEqual({ ch: "all", epoch: "e1", off: 10 });
  });

  it("move only after the listeners ran, also when one throws", async () => {
    const world = createWorld();
    const first = await world.open();
    world.client.on("poll_result", () => {
      first.drop();
      throw new Error("mine");
    });
    first.receive(vote(11));
    expect(world.errors).toEqual([new Error("mine")]);
    expect(positions(await world.open())).toContainEqual({ ch: "all", epoch: "e1", off: 11 });
  });

  it("keep what came before a resume, and tell what is a replay", async () => {
    const world = createWorld();
    const heard = listen(world);
    (await world.open()).drop();
    const second = await world.open(resumed({}));
    second.receive(vote(11), vote(12), vote(13));
    expect(heard).toEqual(["- 11 replayed", "- 12 replayed", "- 13"]);
  });

  it("let nothing through twice", async () => {
    const world = createWorld();
    const heard = listen(world);
    const socket = await world.open();
    socket.receive(vote(11), vote(11), vote(5), vote(12));
    expect(heard).toEqual(["- 11", "- 12"]);
  });

  it("stay while the store is away, and go with a channel that is not there any more", async () => {
    const world = createWorld();
    const first = await world.open();
    first.receive(vote(11));
    first.drop();
    const second = await world.open({ channels: { all: { epoch: "?", off: 0, recovered: "pending" } } });
    second.drop();
    expect(positions(await world.open())).toEqual([{ ch: "all", epoch: "e1", off: 11 }]);
  });

  it("do not begin in a channel that is forbidden", async () => {
    const world = createWorld();
    const first = await world.open({ channels: { all: { epoch: "-", off: 0, recovered: "forbidden" } } });
    first.drop();
    expect(positions(await world.open())).toEqual([]);
  });
});

describe("onGap", () => {
  it("hears the reason, and the position goes on from the gap", async () => {
    const world = createWorld();
    const heard = listen(world);
    (await world.open()).drop();
    const second = await world.open({ channels: { all: { epoch: "e2", off: 50, recovered: "lost" } } });
    second.receive({ type: "gap", ch: "all", epoch: "e2", off: 50, reason: "lost" }, vote(51));
    expect(heard).toEqual(["gap all lost", "- 51"]);
    second.drop();
    expect(positions(await world.open())).toEqual([{ ch: "all", epoch: "e2", off: 51 }]);
  });

  it("asks for the gap again when the connection went before it was told", async () => {
    const world = createWorld();
    (await world.open()).drop();
    const second = await world.open({ channels: { all: { epoch: "e2", off: 50, recovered: "lost" } } });
    second.drop();
    expect(positions(await world.open())).toEqual([{ ch: "all", epoch: "e1", off: 10 }]);
  });

  it("holds the channel's messages until the listener's promise settles, and no other channel's", async () => {
    const world = createWorld();
    const heard = listen(world);
    let done: () => void = () => {};
    world.client.onGap(() => new Promise<void>((resolve) => (done = resolve)));
    const socket = await world.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" });
    socket.receive(vote(21), vote(22), vote(1, "user:ada"));
    await world.tick();
    expect(heard).toEqual(["gap all trimmed", "- 1"]);
    done();
    await world.tick();
    expect(heard).toEqual(["gap all trimmed", "- 1", "- 21", "- 22"]);
  });

  it("waits for all promises of all gaps of the channel", async () => {
    const world = createWorld();
    const heard = listen(world);
    const done: (() => void)[] = [];
    world.client.onGap(() => new Promise<void>((resolve) => done.push(resolve)));
    const socket = await world.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" }, vote(21));
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 30, reason: "trimmed" }, vote(31));
    done[0]?.();
    await world.tick();
    expect(heard).toHaveLength(2);
    done[1]?.();
    await world.tick();
    // What came before the second gap is behind its position: the application has loaded it.
    expect(heard.slice(2)).toEqual(["- 31"]);
  });

  it("does not hold for ever: past 1,000 messages everything goes on", async () => {
    const world = createWorld();
    const heard = listen(world);
    world.client.onGap(() => new Promise(() => {}));
    const socket = await world.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 0, reason: "trimmed" });
    for (let off = 1; off <= 1_000; off++) socket.receive(vote(off));
    expect(heard).toHaveLength(1);
    socket.receive(vote(1_001), vote(1_002));
    expect(heard).toHaveLength(1_003);
    expect(heard.at(-1)).toBe("- 1002");
  });

  it("does not hold for ever: past 1 MiB everything goes on", async () => {
    const world = createWorld();
    const heard = listen(world);
    world.client.onGap(() => new Promise(() => {}));
    const socket = await world.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 0, reason: "trimmed" });
    const votes = Array<number>(30_000).fill(1);
    for (let off = 1; off <= 18; off++) socket.receive({ type: "poll_result", votes, $: { ch: "all", off } });
    expect(heard).toHaveLength(19);
  });

  it("forgets what it holds when the connection goes: it comes again", async () => {
    const world = createWorld();
    const heard = listen(world);
    let done: () => void = () => {};
    world.client.onGap(() => new Promise<void>((resolve) => (done = resolve)));
    const first = await world.open();
    first.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" }, vote(21));
    first.drop();
    const second = await world.open({ channels: { all: { epoch: "e1", off: 21, recovered: true } } });
    expect(positions(second)).toContainEqual({ ch: "all", epoch: "e1", off: 20 });
    second.receive(vote(21));
    done();
    await world.tick();
    expect(heard).toEqual(["gap all trimmed", "- 21 replayed"]);
  });
});

describe("a client that was taken for a plain one", () => {
  it("listens only after the welcome that answers its hello", async () => {
    const world = createWorld();
    const heard = listen(world);
    void world.client.send("chat_message", { content: "a" });
    await world.tick();
    world.socket.accept();
    world.socket.receive(welcome({ $: undefined }), vote(11));
    expect(world.client.state.status).toBe("connecting");
    expect(world.socket.sent().map(({ type }) => type)).toEqual(["hello"]);
    world.socket.receive(welcome(), vote(12));
    expect(heard).toEqual(["- 12"]);
    expect(world.socket.sent().map(({ type }) => type)).toEqual(["hello", "chat_message"]);
  });
});
