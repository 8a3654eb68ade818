import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { createHarness, reply, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const vote = (off: number, ch = "all") => ({ type: "poll_result", votes: [off], $: { ch, off } });
const resumed = (channels: object) => ({
  channels: { all: { epoch: "e1", off: 12, recovered: true }, ...channels },
});

/** The messages and gaps that the client's listeners receive, as text. */
function listen(harness: ReturnType<typeof createHarness>): string[] {
  const received: string[] = [];
  harness.client.on("poll_result", ({ votes }, { room, replayed }) =>
    received.push([room ?? "-", ...votes, ...(replayed ? ["replayed"] : [])].join(" ")),
  );
  harness.client.onGap((channel, reason) => received.push(`gap ${channel} ${reason}`));
  return received;
}
const positions = (socket: FakeSocket) => socket.sent("hello")[0]?.["positions"];

describe("the position of a channel", () => {
  it("starts where the welcome says, advances with each frame of the channel, and is in the next hello", async () => {
    const harness = createHarness();
    const received = listen(harness);
    const first = await harness.open();
    first.receive(vote(11), vote(14), { type: "skip", $: { ch: "all", off: 17 } }, vote(3, "user:ada"));
    first.drop();
    const second = await harness.open();
    expect(received).toEqual(["- 11", "- 14", "- 3"]);
    expect(positions(second)).toEqual([
      { ch: "all", epoch: "e1", off: 17, since: 10 },
      { ch: "user:ada", epoch: "e1", off: 3, since: 0 },
    ]);
  });

  it("does not advance with a reply, an ephemeral frame, or an offset that is not a number", async () => {
    const harness = createHarness();
    const first = await harness.open();
    void harness.client.send("chat_message", { content: "a" });
    first.receive(
      reply(first.sent("chat_message")[0], { id: "x", ch: "all", off: 99 }),
      { type: "poll_result", votes: [], $: { ch: "all" } },
      '{"type":"poll_result","votes":[],"$":{"ch":"all","off":1e999}}',
      { type: "poll_result", votes: [], $: { ch: "all", off: "12" } },
      { type: "poll_result", votes: [], $: { ch: "nowhere", off: 5 } },
    );
    first.drop();
    expect(positions(await harness.open())).toContainEqual({ ch: "all", epoch: "e1", off: 10, since: 10 });
  });

  it("advances only after the listeners have run, also when a listener throws", async () => {
    const harness = createHarness();
    const first = await harness.open();
    harness.client.on("poll_result", () => {
      first.drop();
      throw new Error("mine");
    });
    first.receive(vote(11));
    expect(harness.errors).toEqual([new Error("mine")]);
    expect(positions(await harness.open())).toContainEqual({ ch: "all", epoch: "e1", off: 11, since: 10 });
  });

  it("stays at a resume, and marks the frames up to the new head as replayed", async () => {
    const harness = createHarness();
    const received = listen(harness);
    (await harness.open()).drop();
    const second = await harness.open(resumed({}));
    second.receive(vote(11), vote(12), vote(13));
    expect(received).toEqual(["- 11 replayed", "- 12 replayed", "- 13"]);
  });

  it("lets no message through twice", async () => {
    const harness = createHarness();
    const received = listen(harness);
    const socket = await harness.open();
    socket.receive(vote(11), vote(11), vote(5), vote(12));
    expect(received).toEqual(["- 11", "- 12"]);
  });

  it("stays while the store is unavailable, and goes with a channel that no longer exists", async () => {
    const harness = createHarness();
    const first = await harness.open();
    first.receive(vote(11));
    first.drop();
    const second = await harness.open({ channels: { all: { epoch: "?", off: 0, recovered: "pending" } } });
    second.drop();
    expect(positions(await harness.open())).toEqual([{ ch: "all", epoch: "e1", off: 11, since: 10 }]);
  });

  it("does not start in a channel that is forbidden", async () => {
    const harness = createHarness();
    const first = await harness.open({ channels: { all: { epoch: "-", off: 0, recovered: "forbidden" } } });
    first.drop();
    expect(positions(await harness.open())).toEqual([]);
  });
});

describe("onGap", () => {
  it("receives the reason, and the position goes on from the gap", async () => {
    const harness = createHarness();
    const received = listen(harness);
    (await harness.open()).drop();
    const second = await harness.open({ channels: { all: { epoch: "e2", off: 50, recovered: "lost" } } });
    second.receive({ type: "gap", ch: "all", epoch: "e2", off: 50, reason: "lost" }, vote(51));
    expect(received).toEqual(["gap all lost", "- 51"]);
    second.drop();
    expect(positions(await harness.open())).toEqual([{ ch: "all", epoch: "e2", off: 51, since: 50 }]);
  });

  it("reports a gap with the next connection when the first was lost before the gap frame", async () => {
    const harness = createHarness();
    (await harness.open()).drop();
    const second = await harness.open({ channels: { all: { epoch: "e2", off: 50, recovered: "lost" } } });
    second.drop();
    expect(positions(await harness.open())).toEqual([{ ch: "all", epoch: "e1", off: 10, since: 10 }]);
  });

  it("holds the messages of the channel, and of no other, until the listener's promise settles", async () => {
    const harness = createHarness();
    const received = listen(harness);
    let done: () => void = () => {};
    harness.client.onGap(() => new Promise<void>((resolve) => (done = resolve)));
    const socket = await harness.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" });
    socket.receive(vote(21), vote(22), vote(1, "user:ada"));
    await harness.tick();
    expect(received).toEqual(["gap all trimmed", "- 1"]);
    done();
    await harness.tick();
    expect(received).toEqual(["gap all trimmed", "- 1", "- 21", "- 22"]);
  });

  it("holds the messages of the channel until a promise of another class than `Promise` settles", async () => {
    const harness = createHarness();
    const received = listen(harness);
    let done: () => void = () => {};
    const settled = new Promise<void>((resolve) => (done = resolve));
    // Like the promises of async functions where zone.js has replaced `Promise`, and those of Bluebird.
    const foreign = { then: settled.then.bind(settled) };
    harness.client.onGap(() => foreign);
    const socket = await harness.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" }, vote(21));
    await harness.tick();
    expect(received).toEqual(["gap all trimmed"]);
    done();
    await harness.tick();
    expect(received).toEqual(["gap all trimmed", "- 21"]);
  });

  it("holds messages until all promises of all gaps of the channel have settled", async () => {
    const harness = createHarness();
    const received = listen(harness);
    const done: (() => void)[] = [];
    harness.client.onGap(() => new Promise<void>((resolve) => done.push(resolve)));
    const socket = await harness.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" }, vote(21));
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 30, reason: "trimmed" }, vote(31));
    done[0]?.();
    await harness.tick();
    expect(received).toHaveLength(2);
    done[1]?.();
    await harness.tick();
    // Message 21 is before the position of the second gap: the application has loaded it.
    expect(received.slice(2)).toEqual(["- 31"]);
  });

  it("delivers the held messages when there are more than 1,000", async () => {
    const harness = createHarness();
    const received = listen(harness);
    harness.client.onGap(() => new Promise(() => {}));
    const socket = await harness.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 0, reason: "trimmed" });
    for (let off = 1; off <= 1_000; off++) socket.receive(vote(off));
    expect(received).toHaveLength(1);
    socket.receive(vote(1_001), vote(1_002));
    expect(received).toHaveLength(1_003);
    expect(received.at(-1)).toBe("- 1002");
  });

  it("delivers the held messages when they are larger than 1 MiB", async () => {
    const harness = createHarness();
    const received = listen(harness);
    harness.client.onGap(() => new Promise(() => {}));
    const socket = await harness.open();
    socket.receive({ type: "gap", ch: "all", epoch: "e1", off: 0, reason: "trimmed" });
    const votes = Array<number>(30_000).fill(1);
    for (let off = 1; off <= 18; off++) socket.receive({ type: "poll_result", votes, $: { ch: "all", off } });
    expect(received).toHaveLength(19);
  });

  it("forgets the held messages when the connection is lost, and delivers them with the replay", async () => {
    const harness = createHarness();
    const received = listen(harness);
    let done: () => void = () => {};
    harness.client.onGap(() => new Promise<void>((resolve) => (done = resolve)));
    const first = await harness.open();
    first.receive({ type: "gap", ch: "all", epoch: "e1", off: 20, reason: "trimmed" }, vote(21));
    first.drop();
    const second = await harness.open({ channels: { all: { epoch: "e1", off: 21, recovered: true } } });
    expect(positions(second)).toContainEqual({ ch: "all", epoch: "e1", off: 20, since: 20 });
    second.receive(vote(21));
    done();
    await harness.tick();
    expect(received).toEqual(["gap all trimmed", "- 21 replayed"]);
  });
});

describe("a server that takes the client for a plain one", () => {
  it("is ignored until the welcome that answers the client's hello", async () => {
    const harness = createHarness();
    const received = listen(harness);
    void harness.client.send("chat_message", { content: "a" });
    await harness.tick();
    harness.socket.accept();
    harness.socket.receive(welcome({ $: undefined }), vote(11));
    expect(harness.client.state.status).toBe("connecting");
    expect(harness.socket.sent().map(({ type }) => type)).toEqual(["hello"]);
    harness.socket.receive(welcome(), vote(12));
    expect(received).toEqual(["- 12"]);
    expect(harness.socket.sent().map(({ type }) => type)).toEqual(["hello", "chat_message"]);
  });
});
