import { afterEach, describe, expect, it, vi } from "vitest";
import { ADA, BOB, createHarness, JOINED, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const CEM = { ...BOB, userId: "cem", name: "Cem" };
describe("a ticket for authenticate()", () => {
  it("that comes after its connection is lost renews nothing on the next one", async () => {
    let give: (ticket: string) => void = () => {};
    const tickets = ["t1", new Promise<string>((resolve) => (give = resolve)), "t3"];
    const harness = createHarness({ ticket: async () => tickets.shift() ?? "t" });
    const { client } = harness;
    await harness.open();
    client.authenticate();
    await harness.tick();
    client.authenticate();
    const next = await harness.open({ user: BOB });
    const last = await harness.open({ user: BOB });
    give("of ada");
    await harness.tick();
    expect([next.sent("authenticate"), last.sent("authenticate")]).toEqual([[], []]);
  });

  it("that does not come holds what is sent for as long as an attempt to connect may take", async () => {
    const tickets = ["t1", new Promise<string>(() => {}), "t3"];
    const harness = createHarness({ ticket: async () => tickets.shift() ?? "t" });
    const { client } = harness;
    await harness.open();
    client.authenticate();
    const sending = client.send("chat_message", { content: "held" });
    await harness.tick(9_900);
    expect(harness.sockets).toHaveLength(1);
    await harness.tick(200);
    const next = await harness.open();
    next.receive(reply(next.sent("chat_message")[0]));
    expect((await sending).status).toBe("delivered");
  });
});

describe("a client whose user changes", () => {
  it("sends nothing in the name of a third user, who signs in before the second is connected", async () => {
    const harness = createHarness();
    const { client } = harness;
    await harness.open({ user: ADA });
    client.authenticate();
    const sending = client.send("chat_message", { content: "of bob" });
    const request = client.request("count").catch((error: unknown) => error);
    await harness.open({ user: BOB });
    client.authenticate();
    await harness.open({ user: CEM });
    const last = await harness.open({ user: CEM });
    expect(harness.sockets.flatMap((socket) => socket.sent("chat_message"))).toEqual([]);
    expect(last.sent("request")).toEqual([]);
    expect(await sending).toMatchObject({ status: "rejected", error: { code: "unauthenticated" } });
    expect(await request).toMatchObject({ code: "unauthenticated" });
  });

  it("shows no list of users of the first to the next, whose membership is pending", async () => {
    const harness = createHarness();
    const room = harness.client.join("general");
    const first = await harness.open({ ...JOINED, user: ADA });
    first.receive({ type: "user_list", room: "general", users: [ADA], total: 1 });
    first.receive({ type: "user_list", users: [ADA], total: 1 });
    expect([room.users.length, harness.client.users.length]).toEqual([1, 1]);
    harness.client.authenticate();
    const pending = {
      channels: { ...JOINED.channels, "room:general": { epoch: "", off: 0, recovered: "pending" } },
    };
    await harness.open({ ...pending, user: BOB });
    await harness.open({ ...pending, user: BOB });
    expect(room.state.status).toBe("joining");
    expect([room.users, harness.client.users]).toEqual([[], []]);
  });

  it("settles a message that a listener sends meanwhile", async () => {
    const harness = createHarness();
    const { client } = harness;
    await harness.open({ user: ADA });
    const before = client.send("chat_message", { content: "of ada" });
    let during: ReturnType<typeof client.send<"chat_message">> | undefined;
    client.onQueue(({ unacknowledged, queued }) => {
      if (unacknowledged + queued === 0) during ??= client.send("chat_message", { content: "meanwhile" });
    });
    harness.socket.drop();
    await harness.open({ user: BOB });
    const last = await harness.open({ user: BOB });
    expect((await before).status).toBe("unknown");
    if (last.sent("chat_message")[0]) last.receive(reply(last.sent("chat_message")[0]));
    const outcome = during && (await Promise.race([during, harness.tick(500).then(() => undefined)]));
    expect(outcome).toBeDefined();
  });

  it("sends nothing in the name of a third user, whose cookie the next connection has", async () => {
    const harness = createHarness();
    const { client } = harness;
    await harness.open({ user: ADA });
    client.authenticate();
    const sending = client.send("chat_message", { content: "of bob" });
    await harness.open({ user: BOB });
    await harness.open({ user: CEM });
    const last = await harness.open({ user: CEM });
    expect(last.sent("chat_message")).toEqual([]);
    expect(await sending).toMatchObject({ status: "rejected", error: { code: "unauthenticated" } });
  });

  it("stays closed where a listener closes it meanwhile", async () => {
    const harness = createHarness();
    const { client } = harness;
    await harness.open({ user: ADA });
    void client.send("chat_message", { content: "of ada" });
    client.onQueue(({ unacknowledged }) => {
      if (unacknowledged === 0) client.close();
    });
    harness.socket.drop();
    await harness.open({ user: BOB });
    await harness.tick(30_000);
    expect(client.state.status).toBe("closed");
    expect(harness.sockets.filter(({ readyState }) => readyState <= 1)).toEqual([]);
  });
});
