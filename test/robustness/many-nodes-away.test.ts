// A node whose store is away: connected clients stay, new ones are welcomed, and everything heals when the store is back.
import { expect, it } from "vitest";
import {
  announce,
  channelsOf,
  chat,
  comeBack,
  dropped,
  goAway,
  heard,
  presenceOf,
  SLOW,
} from "../support/away.ts";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";

it("sockets stay open while the store is away, a send waits without an error, and is delivered once when it is back [s-B-away]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const ada = await nodes.connect(nodes.a, "ada");
  const bea = await nodes.connect(nodes.b, "bea");
  await goAway(nodes);
  for (let seq = 1; seq <= 5; seq++) ada.say(chat(String(seq), seq));
  await nodes.run(60_000);
  expect([ada.closedWith, bea.closedWith]).toEqual([undefined, undefined]);
  expect([ada.of("error"), ada.of("reply"), ada.chats, bea.chats]).toEqual([[], [], [], []]);
  await comeBack(nodes);
  expect(bea.chats).toEqual(["1", "2", "3", "4", "5"]);
  expect(ada.of("reply")).toHaveLength(5);
  expect(ada.of("error")).toEqual([]);
});

it("a publish of the application fails within the deadline of a call, and nothing of it is delivered [s-B-away]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const ada = await nodes.connect(nodes.a, "ada");
  await goAway(nodes);
  let published: unknown;
  void announce(nodes, "a", "lost").then((result) => (published = result));
  await nodes.run(1_600);
  expect(published).toMatchObject({ offset: undefined });
  await comeBack(nodes);
  expect(heard(ada)).toEqual([]);
});

it("ephemeral messages reach the other connections of the node while the store is away [s-B-away]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const [ada, bea] = [await nodes.connect(nodes.a, "ada"), await nodes.connect(nodes.a, "bea")];
  const cleo = await nodes.connect(nodes.b, "cleo");
  await goAway(nodes);
  ada.say({ type: "typing_indicator", isTyping: true });
  await nodes.run(2_000);
  expect([bea.of("typing_indicator").length, cleo.of("typing_indicator").length]).toEqual([1, 0]);
  expect(ada.of("error")).toEqual([]);
  await comeBack(nodes);
  expect(bea.of("typing_indicator")).toHaveLength(1);
});

it("no user goes offline while the store is away, and no client is told of anything when it is back [s-B-away]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
  const bea = await nodes.connect(nodes.b, "bea", { rooms: ["hall"] });
  await nodes.run(2_000);
  const before = presenceOf(bea).length;
  await goAway(nodes);
  await nodes.run(60_000);
  await comeBack(nodes);
  await nodes.run(20_000);
  expect(presenceOf(bea)).toHaveLength(before);
  expect((await list(nodes)).toSorted()).toEqual(["ada", "bea"]);
});

async function list(nodes: TwoNodes): Promise<string[]> {
  const listing = nodes.b.manager.listUsers();
  await nodes.run(500);
  return (await listing).users.map(({ userId }) => userId);
}

it("a new client is welcomed at once while the store is away, and hears of each pending channel where it goes on [s-B-pending]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const watcher = await nodes.connect(nodes.b, "watcher");
  await goAway(nodes, "a");
  const ada = await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
  const pending = { epoch: "-", off: 0, recovered: "pending" };
  expect(channelsOf(ada)).toEqual({ all: pending, "user:ada": pending, "room:hall": pending });
  await comeBack(nodes);
  expect(ada.of("gap").map(({ ch, reason }) => [ch, reason])).toEqual([
    ["all", "lost"],
    ["user:ada", "lost"],
  ]);
  expect(ada.of("joined")).toMatchObject([{ room: "hall" }]);
  expect(watcher.of("user_joined").flatMap(({ users }) => users)).toMatchObject([{ userId: "ada" }]);
  void announce(nodes, "b", "to all");
  void announce(nodes, "b", "to the room", "hall");
  await nodes.run(200);
  expect(heard(ada).toSorted()).toEqual(["to all", "to the room"]);
});

it("a client that resumes on a node without its store gets what it missed when the store is back, without a gap [s-B-pending]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  await nodes.connect(nodes.b, "bea");
  const hello = await dropped(nodes, "ada", ["hall"]);
  void announce(nodes, "b", "before");
  await nodes.run(20_000);
  await goAway(nodes, "a");
  const ada = await nodes.connect(nodes.a, "ada", hello);
  expect(Object.values(channelsOf(ada)).map(({ recovered }) => recovered)).toEqual([
    "pending",
    "pending",
    "pending",
  ]);
  void announce(nodes, "b", "meanwhile");
  void announce(nodes, "b", "in the room", "hall");
  await nodes.run(3_000);
  expect(heard(ada)).toEqual([]);
  await comeBack(nodes);
  expect(ada.of("gap")).toEqual([]);
  expect(heard(ada).toSorted()).toEqual(["before", "in the room", "meanwhile"]);
  expect(ada.of("joined")).toHaveLength(1);
});

it("a channel that is live on the node is served from there while the store is away [s-B-pending]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  await nodes.connect(nodes.a, "bea");
  const hello = await dropped(nodes, "ada");
  void announce(nodes, "a", "before");
  await nodes.run(500);
  await goAway(nodes);
  const ada = await nodes.connect(nodes.a, "ada", hello);
  expect(channelsOf(ada)["all"]).toMatchObject({ recovered: true });
  expect(heard(ada)).toEqual(["before"]);
});

it("a send for a pending room waits until the room is joined [s-B-pending]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const bea = await nodes.connect(nodes.b, "bea", { rooms: ["hall"] });
  await goAway(nodes);
  const ada = await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
  ada.say(chat("into the hall", 1, "hall"));
  await nodes.run(5_000);
  await comeBack(nodes);
  expect(bea.chats).toEqual(["into the hall"]);
  expect(ada.of("error")).toEqual([]);
});

it("a repeated send of a client that came while the store was away is not run again by a store that is empty since [s-B-memory]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  let handled = 0;
  nodes.a.handlers.on("chat_message" as never, () => {
    handled++;
  });
  const clientId = newClientId();
  const first = await nodes.connect(nodes.a, "ada", { clientId });
  first.say(chat("once", 1));
  await nodes.run(500);
  await goAway(nodes);
  first.close(1006);
  const second = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2 });
  expect(second.of("welcome")[0]).not.toHaveProperty("forgotten");
  second.say(chat("once", 1));
  nodes.shared.clear();
  await comeBack(nodes);
  expect([handled, second.closedWith]).toEqual([1, 1013]);
  const third = await nodes.connect(nodes.a, "ada", { clientId, attempt: 3 });
  expect(third.of("welcome")).toMatchObject([{ forgotten: true }]);
});

it("a repeated send of a client that came while the store was away gets its stored answer [s-B-memory]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const bea = await nodes.connect(nodes.b, "bea");
  const clientId = newClientId();
  const first = await nodes.connect(nodes.a, "ada", { clientId });
  first.say(chat("once", 1));
  await nodes.run(500);
  await goAway(nodes);
  first.close(1006);
  const second = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2 });
  second.say(chat("once", 1));
  second.say(chat("twice", 2));
  await nodes.run(5_000);
  await comeBack(nodes);
  expect(bea.chats).toEqual(["once", "twice"]);
  expect(second.of("reply").map(({ $ }) => ($ as { re: number }).re)).toEqual([1, 2]);
});
