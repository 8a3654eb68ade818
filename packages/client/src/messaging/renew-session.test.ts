import { afterEach, describe, expect, it, vi } from "vitest";
import { BOB, createHarness, JOINED, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A client whose session is being renewed with a ticket, and what it sent before and after `authenticate()`. */
async function renewing(ticket = () => Promise.resolve("t")) {
  const harness = createHarness({ ticket });
  const { client } = harness;
  const room = client.join("general");
  const socket = await harness.open(JOINED);
  const before = client.send("chat_message", { content: "before" });
  client.authenticate();
  const after = client.send("chat_message", { content: "after" });
  const request = client.request("count").catch((error: unknown) => error);
  client.send("cursor_moved", { x: 1 });
  room.updatePresence({ status: "here" });
  await harness.tick();
  return { harness, client, socket, before, after, request };
}
const typesOf = (frames: readonly { type: string }[]) =>
  frames.map(({ type }) => type).filter((type) => type !== "hello");
const LATER = ["chat_message", "request", "presence_update"];

describe("what is sent after authenticate() with a ticket, on an open connection", () => {
  it("waits until the server has renewed the session, and an ephemeral message is dropped", async () => {
    const { harness, socket, after } = await renewing();
    expect(typesOf(socket.sent())).toEqual(["chat_message", "authenticate"]);
    socket.receive(reply(socket.sent("authenticate")[0]));
    await harness.tick();
    expect(typesOf(socket.sent().slice(3)).toSorted()).toEqual(LATER.toSorted());
    socket.receive(reply(socket.sent("chat_message")[0]), reply(socket.sent("chat_message")[1]));
    expect(await after).toMatchObject({ status: "delivered" });
    expect(harness.sockets).toHaveLength(1);
  });

  it("is of the user whose ticket it is, where that is another one", async () => {
    const { harness, client, socket, before, after, request } = await renewing();
    const [frame] = socket.sent("authenticate");
    const error = { type: "error", code: "unauthenticated", message: "", retryable: false };
    socket.receive({ ...error, $: { re: frame?.$?.id } });
    await harness.open({ ...JOINED, user: BOB });
    const last = await harness.open({ ...JOINED, user: BOB });
    expect(socket.sent("chat_message").map(({ content }) => content)).toEqual(["before"]);
    expect(last.sent("chat_message").map(({ content }) => content)).toEqual(["after"]);
    last.receive(reply(last.sent("chat_message")[0]), reply(last.sent("request")[0], 3));
    expect([(await before).status, (await after).status, await request]).toEqual(["unknown", "delivered", 3]);
    expect(last.sent("presence_update")).toMatchObject([{ state: { status: "here" } }]);
    expect(client.user?.userId).toBe("bob");
  });

  it("is of the user whose ticket it is, where the server closes the connection of the earlier one", async () => {
    const { harness, client, socket, after } = await renewing();
    socket.drop(4401);
    await harness.open({ ...JOINED, user: BOB });
    const last = await harness.open({ ...JOINED, user: BOB });
    expect(last.sent("chat_message").map(({ content }) => content)).toEqual(["after"]);
    last.receive(reply(last.sent("chat_message")[0]));
    expect((await after).status).toBe("delivered");
    expect(client.user?.userId).toBe("bob");
    expect(harness.states.map(({ status }) => status)).not.toContain("authRequired");
    last.drop(4401);
    expect(client.state.status).toBe("authRequired");
  });

  it("goes out with the next connection, where this one is lost before the answer", async () => {
    const { harness, socket, before, after } = await renewing();
    socket.drop();
    const next = await harness.open(JOINED);
    expect(next.sent("chat_message").map(({ content }) => content)).toEqual(["before", "after"]);
    next.receive(reply(next.sent("chat_message")[0]), reply(next.sent("chat_message")[1]));
    expect([(await before).status, (await after).status]).toEqual(["delivered", "delivered"]);
  });

  it("goes out with a new connection, where authenticate() is called again", async () => {
    const { harness, client, socket } = await renewing();
    client.authenticate();
    const next = await harness.open(JOINED);
    expect(harness.sockets).toHaveLength(2);
    expect(next.sent("chat_message").map(({ content }) => content)).toEqual(["before", "after"]);
    socket.receive(reply(socket.sent("authenticate")[0]));
    expect(next.sent("authenticate")).toEqual([]);
  });

  it("goes out with the next connection, where the ticket comes after this one is lost", async () => {
    let comes: (ticket: string) => void = () => undefined;
    const late = new Promise<string>((resolve) => (comes = resolve));
    const tickets = [Promise.resolve("t"), late, Promise.resolve("t")];
    const { harness, socket } = await renewing(
      () => tickets.shift() ?? Promise.reject(new Error("no ticket")),
    );
    socket.drop();
    const next = await harness.open(JOINED);
    comes("late");
    await harness.tick();
    expect(next.sent("chat_message").map(({ content }) => content)).toEqual(["before", "after"]);
    expect(harness.sockets).toHaveLength(2);
  });
});
