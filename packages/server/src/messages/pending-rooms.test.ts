import { defineProtocol } from "@halyard/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { FakeSocket, ReceivedFrame } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";

const ROOMS = Array.from({ length: 4 }, (_, n) => `r${String(n)}`);
const protocol = defineProtocol({ presence: { state: z.object({ mood: z.string() }) } });

let system: TestSystem<typeof protocol>;
let clients = 0;
let forbidden: Set<string>;
/** Answers for the room `r0` instead, if it is set. */
let answer: (() => Promise<boolean>) | undefined;
beforeEach(() => {
  answer = undefined;
  forbidden = new Set();
  // 20 rooms at once, and two more a second.
  system = new TestSystem<typeof protocol>({
    protocol,
    limits: { rooms: 4, joinsPerSecond: 2 },
    authorize: ({ room }) => (room === "r0" && answer !== undefined ? answer() : !forbidden.has(room)),
  });
});
afterEach(() => system.expectToEndCleanly());

interface Hello {
  readonly rooms?: readonly string[];
  readonly positions?: readonly { ch: string; epoch: string; off: number }[];
}

const join = (hello: Hello = {}): Promise<FakeSocket> =>
  system.join("ada", { clientId: String(++clients).padStart(20, "c"), rooms: ROOMS, ...hello });

/** Uses up what the user may join at once. */
async function spend(): Promise<void> {
  for (let n = 0; n < 5; n++) await join();
}

function send(ws: FakeSocket, seq: number, ch?: string): void {
  const meta = { seq, ...(ch === undefined ? {} : { ch }) };
  system.hand(ws, { type: "chat_message", content: "a", $: meta });
}
const showMood = (ws: FakeSocket, id: string): void =>
  system.hand(ws, { type: "presence_update", room: "r0", state: { mood: "calm" }, $: { id } });

const of = (frames: readonly ReceivedFrame[], type: string): ReceivedFrame[] =>
  frames.filter((frame) => frame.type === type);
const channelsOf = (frames: readonly ReceivedFrame[]): Record<string, unknown> =>
  of(frames, "welcome")[0]?.["channels"] as Record<string, unknown>;

describe("the rooms of a hello above the user's rate", () => {
  it("leave a gap in another room when they are refused and a message was to come in them", async () => {
    const first = channelsOf((await join({ rooms: ["r3"] })).take())["room:r3"];
    const { epoch, off } = first as { epoch: string; off: number };
    for (let n = 0; n < 4; n++) await join();
    await join({ rooms: ["r0", "r1", "r2"] });
    const ws = await join({ rooms: ["r1", "r2", "r3"], positions: [{ ch: "room:r3", epoch, off }] });
    await system.clock.advance(1_000);
    await system.manager.sendToRooms(["r3", "r1"], { type: "announcement", message: "hi" });
    system.clock.flush();
    const frames = ws.take();
    expect(of(frames, "joined")).toMatchObject([{ room: "r1" }, { room: "r2" }]);
    expect(of(frames, "skip")).toMatchObject([{ $: { ch: "room:r1" } }]);
    forbidden.add("r3");
    await system.clock.advance(1_000);
    const ended = ws.take();
    expect(of(ended, "left")).toMatchObject([{ room: "r3" }]);
    expect(of(ended, "gap").find(({ ch }) => ch === "room:r1")).toMatchObject({ reason: "lost" });
  });

  it("are pending in the welcome, and joined in the hello's order as the rate allows [s-A8]", async () => {
    await spend();
    const ws = await join({ rooms: ["r3", "r1", "r2"] });
    const pending = { epoch: "-", off: 0, recovered: "pending" };
    const welcome = ws.take();
    expect(channelsOf(welcome)).toMatchObject({
      "room:r3": pending,
      "room:r1": pending,
      "room:r2": pending,
      all: { recovered: "new" },
    });
    expect(of(welcome, "joined")).toEqual([]);
    await system.clock.advance(1_000);
    expect(of(ws.take(), "joined").map(({ room }) => room)).toEqual(["r3", "r1"]);
    await system.clock.advance(1_000);
    const last = ws.take();
    expect(of(last, "joined")).toMatchObject([{ room: "r2", off: 0 }]);
    expect(of(last, "user_list")).toMatchObject([{ room: "r2" }]);
    await system.manager.sendToRoom("r2", { type: "announcement", message: "hi" });
    system.clock.flush();
    expect(of(ws.take(), "announcement")).toHaveLength(1);
  });

  it("are joined at once while the user is within the rate, also by many reconnects [s-A8]", async () => {
    const counts: number[] = [];
    for (let n = 0; n < 8; n++) {
      const ws = await join();
      const states = Object.values(channelsOf(ws.take())) as { recovered: string }[];
      counts.push(states.filter(({ recovered }) => recovered === "pending").length);
    }
    expect(counts).toEqual([0, 0, 0, 0, 0, 4, 4, 4]);
  });

  it("go on at the client's position, with what was missed [s-A8]", async () => {
    const first = await join({ rooms: ["r0"] });
    const { epoch } = channelsOf(first.take())["room:r0"] as { epoch: string };
    await spend();
    for (const message of ["a", "b"])
      await system.manager.sendToRoom("r0", { type: "announcement", message });
    const positions = [{ ch: "room:r0", epoch, off: 0 }];
    const ws = await join({ rooms: ["r0"], positions });
    expect(channelsOf(ws.take())["room:r0"]).toEqual({ epoch, off: 0, recovered: "pending" });
    await system.clock.advance(1_000);
    const frames = ws.take().filter(({ type }) => type !== "user_list");
    expect(frames).toMatchObject([
      { type: "joined", room: "r0", epoch, off: 0, head: 2 },
      { type: "announcement", message: "a", $: { off: 1 } },
      { type: "announcement", message: "b", $: { off: 2 } },
    ]);
  });

  it("go on without a gap also where the rights change while authorize is asked", async () => {
    const { epoch } = channelsOf((await join({ rooms: ["r0"] })).take())["room:r0"] as { epoch: string };
    await spend();
    // More than half of what one resume may replay.
    for (let n = 0; n < 501; n++)
      await system.manager.sendToRoom("r0", { type: "announcement", message: String(n) });
    let allow = (): void => {};
    answer = () => new Promise((resolve) => (allow = () => resolve(true)));
    const ws = await join({ rooms: ["r0"], positions: [{ ch: "room:r0", epoch, off: 0 }] });
    await system.clock.advance(1_000);
    answer = undefined;
    await system.manager.reauthorize("ada");
    allow();
    await system.clock.advance(1_000);
    const frames = ws.take();
    expect([of(frames, "gap"), of(frames, "announcement").length]).toEqual([[], 501]);
  });

  it("have a gap before the joined that says the same position, where nothing can be replayed [s-A8]", async () => {
    await spend();
    const ws = await join({ rooms: ["r0"], positions: [{ ch: "room:r0", epoch: "gone", off: 7 }] });
    ws.take();
    await system.clock.advance(1_000);
    const [gap, joined] = ws.take();
    expect(gap).toMatchObject({ type: "gap", ch: "room:r0", off: 0, reason: "lost" });
    expect(joined).toMatchObject({ type: "joined", room: "r0", epoch: gap?.["epoch"], off: 0 });
  });

  it("are left as forbidden where the user may no longer join [s-A8]", async () => {
    await spend();
    const ws = await join({ rooms: ["r0", "r1"], positions: [{ ch: "room:r0", epoch: "e", off: 7 }] });
    ws.take();
    forbidden.add("r0");
    await system.clock.advance(1_000);
    expect(ws.take()).toMatchObject([
      { type: "gap", ch: "room:r0", epoch: "e", off: 7, reason: "forbidden" },
      { type: "left", room: "r0", reason: "forbidden" },
      { type: "joined", room: "r1" },
      { type: "user_list", room: "r1" },
    ]);
  });

  it("hold the sends to them back, and no others before those [s-A8]", async () => {
    await spend();
    const ws = await join({ rooms: ["r0"] });
    ws.take();
    send(ws, 1);
    send(ws, 2, "room:r0");
    await system.clock.settle();
    expect(of(ws.take(), "reply")).toHaveLength(1);
    await system.clock.advance(1_000);
    expect(of(ws.take(), "reply")).toMatchObject([{ result: { ch: "room:r0" }, $: { re: 2 } }]);
  });

  it("hold a presence state back, too, and a send behind it", async () => {
    await spend();
    const ws = await join({ rooms: ["r0"] });
    ws.take();
    showMood(ws, "1");
    send(ws, 1, "room:r0");
    await system.clock.settle();
    expect(ws.take()).toEqual([]);
    await system.clock.advance(1_000);
    const frames = ws.take();
    expect([
      of(frames, "error"),
      of(frames, "reply")
        .map(({ $ }) => $?.["re"])
        .sort(),
    ]).toEqual([[], ["1", 1]]);
    expect((await system.manager.listUsers({ room: "r0" })).users).toMatchObject([
      { presence: { mood: "calm" } },
    ]);
  });

  it("are joined before a leave that waits for a send to them, and the sends behind it go on", async () => {
    await spend();
    const ws = await join({ rooms: ["r0"] });
    ws.take();
    send(ws, 1, "room:r0");
    system.hand(ws, { type: "leave", room: "r0", $: { id: "1" } });
    send(ws, 2);
    send(ws, 3, "room:r0");
    await system.clock.advance(1_000);
    const frames = ws.take();
    const answers = frames.flatMap(({ type, $ }) =>
      type === "reply" || type === "error" ? [[type, $?.["re"]]] : [],
    );
    expect(answers).toEqual([["reply", 1], ["reply", "1"], ["reply", 2], ["error", 3]]); // prettier-ignore
    expect(of(frames, "left")).toEqual([]);
  });

  it("are left at once while authorize is asked about them", async () => {
    await spend();
    const ws = await join({ rooms: ["r0"] });
    ws.take();
    let allow = (): void => {};
    answer = () => new Promise((resolve) => (allow = () => resolve(true)));
    await system.clock.advance(1_000);
    expect(await system.ask(ws, { type: "leave", room: "r0", $: { id: "1" } })).toMatchObject([
      { type: "reply" },
    ]);
    allow();
    await system.clock.advance(3_000);
    expect(ws.take()).toEqual([]);
  });

  it("are left by a leave, and joined at once by a join or by the server [s-A8]", async () => {
    await spend();
    const ws = await join({ rooms: ["r0", "r1", "r2"] });
    expect(await system.ask(ws, { type: "leave", room: "r0", $: { id: "1" } })).toMatchObject([
      { type: "reply" },
    ]);
    expect(of(await system.ask(ws, { type: "join", room: "r1", $: { id: "2" } }), "reply")).toHaveLength(1);
    await system.manager.join(ws, "r2");
    system.clock.flush();
    expect(of(ws.take(), "joined")).toMatchObject([{ room: "r2" }]);
    await system.clock.advance(3_000);
    expect(of(ws.take(), "joined")).toEqual([]);
  });

  it("count against the limit of rooms [s-A8]", async () => {
    await spend();
    const ws = await join();
    const [answer] = await system.ask(ws, { type: "join", room: "r9", $: { id: "1" } });
    expect(answer).toMatchObject({ type: "error", code: "limit_exceeded" });
  });

  it("end with the connection [s-A8]", async () => {
    await spend();
    const ws = await join();
    system.hand(ws, { type: "chat_message", content: "a", $: { seq: 1, ch: "room:r0" } });
    await system.drop(ws);
    await system.clock.advance(5_000);
    expect((await system.manager.listUsers({ room: "r0" })).users).toHaveLength(1);
  });
});
