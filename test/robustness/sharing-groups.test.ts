// Which tabs share a connection, and which have one of their own: by user, contract, server, platform and number; and what becomes of
// what was under way when tabs stop sharing.
import { describe, expect, it } from "vitest";
import type { SharingClient } from "../support/sharing-clients.ts";
import { openTab, replaceServer, server, tabs, useSharingScene } from "../support/sharing-scene.ts";

type Options = NonNullable<Parameters<typeof openTab>[0]>;

const POLL = { timeout: 8_000, interval: 10 };
useSharingScene();

/** Opens tabs one after the other, so that the first one leads. */
async function open(count: number, user = "ada", options: Options = {}): Promise<SharingClient[]> {
  const opened: SharingClient[] = [];
  for (let n = 0; n < count; n++) {
    const tab = openTab({ ticket: () => user, ...options });
    opened.push(tab);
    await isOpen(tab, options.ticket ? undefined : user);
  }
  return opened;
}

async function isOpen({ client }: SharingClient, user?: string): Promise<void> {
  await expect.poll(() => client.state.status, POLL).toBe("open");
  if (user !== undefined) expect(client.user?.userId).toBe(user);
}

/** `fetch` and WebSocket of a tab, changed: as a server of an earlier version answers. */
const withoutHeader: typeof fetch = async (...args) => {
  const { status, headers } = await fetch(...args);
  const kept = [...headers].filter(([name]) => name !== "halyard-user");
  return new Response(null, { status, headers: kept });
};

describe("tabs of two users", () => {
  it("never share a connection", async () => {
    const [ada] = await open(2, "ada");
    const [bob] = await open(2, "bob");
    expect(server.users).toEqual(["ada", "bob"]);
    await server.manager.sendToUser("ada", { type: "news", text: "for ada" });
    await expect.poll(() => ada?.news, POLL).toEqual(["for ada"]);
    expect(bob?.news).toEqual([]);
  });

  it("do not share when one tab signs in as another user while the tabs share: not with its next connection, and not when it leads", async () => {
    let ofSecond = "ada";
    const [first] = await open(1, "ada");
    const [second] = await open(1, "ada", { ticket: () => ofSecond });
    const [third] = await open(1, "ada");
    expect(server.users).toEqual(["ada"]);
    ofSecond = "bob";
    // The second tab has waited longest for the lock: it is the next to lead.
    first?.tab.crash();
    await expect.poll(() => server.users, POLL).toEqual(["ada", "bob"]);
    await expect.poll(() => second?.client.user?.userId, POLL).toBe("bob");
    await expect.poll(() => second?.client.state.status, POLL).toBe("open");
    await expect.poll(() => third?.client.state.status, POLL).toBe("open");
    await server.manager.sendToUser("ada", { type: "news", text: "for ada" });
    await server.manager.sendToUser("bob", { type: "news", text: "for bob" });
    await expect.poll(() => third?.news, POLL).toEqual(["for ada"]);
    await expect.poll(() => second?.news, POLL).toEqual(["for bob"]);
  });

  it("do not share where the leader's credentials are another user's by the time that its socket opens", async () => {
    // The client's own ticket asks for the user; the ticket after it opens the socket.
    let count = 0;
    const [leader] = await open(1, "ada", { ticket: () => (count++ === 0 ? "ada" : "bob") });
    const [second] = await open(1, "ada");
    await expect.poll(() => server.users, POLL).toEqual(["ada", "bob"]);
    expect(leader?.client.user?.userId).toBe("bob");
    expect(second?.client.user?.userId).toBe("ada");
  });
});

it("a tab whose ticket never comes leads no other tab for longer than its connectTimeoutMs", async () => {
  let hangs = false;
  const ticket = (): string | Promise<string> => (hangs ? new Promise<never>(() => {}) : "ada");
  const [first, , third] = [
    ...(await open(1)),
    ...(await open(1, "ada", { ticket, connectTimeoutMs: 800 })),
    ...(await open(1, "ada", { connectTimeoutMs: 800 })),
  ];
  hangs = true;
  // The second tab has waited longest for the lock: it is the next to lead.
  first?.tab.crash();
  await expect.poll(() => third?.client.state.status, POLL).not.toBe("open");
  await expect.poll(() => third?.client.state.status, POLL).toBe("open");
});

describe("a close of the shared connection", () => {
  it("with 4401 lets each tab come back with its own session, and stops those that have none", async () => {
    const sessions = new Set(["ada.1", "ada.2"]);
    const ticketOf = (session: string) => (): string => {
      if (sessions.has(session)) return session;
      throw Object.assign(new Error("signed out"), { status: 401 });
    };
    const [first] = await open(1, "ada", { ticket: ticketOf("ada.1") });
    const [second] = await open(1, "ada", { ticket: ticketOf("ada.2") });
    expect(server.users).toEqual(["ada"]);
    sessions.delete("ada.1");
    await server.manager.disconnectUser("ada", { code: 4401 });
    await expect.poll(() => first?.client.state.status, POLL).toBe("authRequired");
    await expect.poll(() => second?.client.state.status, POLL).toBe("open");
    expect(server.users).toEqual(["ada"]);
  });

  it.each([
    [4403, "authRequired"],
    [4450, "closed"],
  ])("with %i stops all tabs, and each of them hears so", async (code, status) => {
    const opened = await open(2);
    // A program in JavaScript may give any code.
    await server.manager.disconnectUser("ada", { code: code as 4403 });
    for (const { client, states } of opened) {
      await expect.poll(() => states.at(-1), POLL).toBe(status);
      expect(client.state).toMatchObject({ status, cause: { code } });
    }
    expect(server.users).toEqual([]);
  });
});

describe("a tab has a connection of its own", () => {
  it.each<[what: string, options: Options]>([
    ["the server names no user (it is of an earlier version)", { fetch: withoutHeader }],
    ["there are no Web Locks", { platform: { navigator: {} } }],
    ["there is no BroadcastChannel", { platform: { BroadcastChannel: undefined } }],
    [
      "the locks reject",
      {
        platform: {
          navigator: {
            locks: {
              query: () => Promise.reject(new Error("no")),
              request: () => Promise.reject(new Error("no")),
            },
          },
        },
      },
    ],
  ])("where %s", async (_, options) => {
    await open(2, "ada", options);
    expect(server.users).toEqual(["ada", "ada"]);
    const receipt = await tabs[0]?.client.send("note", { text: "x" });
    expect(receipt?.status).toBe("delivered");
  });

  it("where the server does not share (echoToSender: false)", async () => {
    await replaceServer({ isSharing: false });
    await open(2);
    expect(server.users).toEqual(["ada", "ada"]);
  });

  it("where it has another contract than the tabs that share", async () => {
    await open(2, "ada", { contract: "v1" });
    await open(2, "ada", { contract: "v2" });
    expect(server.users).toEqual(["ada", "ada"]);
  });

  it("where 32 tabs share one", { timeout: 20_000 }, async () => {
    await open(33);
    expect(server.users).toEqual(["ada", "ada"]);
    for (const { client } of tabs)
      expect((await client.send("note", { text: "x" })).status).toBe("delivered");
  });
});

describe("a message that is not for all tabs of a connection ends the sharing, and each tab gets it once", () => {
  it("to several rooms, of which the tabs are in different ones", async () => {
    const [first, second, third] = await open(3);
    const rooms = [
      first?.client.join("blue"),
      first?.client.join("red"),
      second?.client.join("red"),
      third?.client.join("blue"),
    ];
    for (const room of rooms) await expect.poll(() => room?.state.status, POLL).toBe("joined");
    await server.manager.sendToRooms(["blue", "red"], { type: "news", text: "one" });
    await server.manager.sendToRoom("red", { type: "news", text: "two" });
    await expect.poll(() => second?.news, POLL).toEqual(["red one", "red two"]);
    await expect.poll(() => third?.news, POLL).toEqual(["blue one"]);
    await expect.poll(() => first?.news.toSorted(), POLL).toEqual(["blue one", "red two"]);
    expect(server.users).toHaveLength(3);
  });

  it("with except: { ws }, which leaves out none of the tabs then", async () => {
    const [first, second] = await open(2);
    const [sockets] = server.manager.wsInstances.values();
    const [ws] = sockets ?? [];
    await server.manager.broadcastMessage({ type: "news", text: "one" }, ws && { except: { ws } });
    for (const tab of [first, second]) await expect.poll(() => tab?.news, POLL).toEqual(["one"]);
  });

  it("and what was sent before is run once, and answered", async () => {
    const [first, second] = await open(2);
    let release = (): void => undefined;
    server.gate.wait = new Promise((resolve) => (release = resolve));
    const sends = [first, second].map((tab) => tab?.client.send("note", { text: "held" }));
    const answers = [first, second].map((tab) => tab?.client.request("echo", { text: "asked" }));
    await expect.poll(() => server.ran.length, POLL).toBe(3);
    await server.manager.broadcastMessage(
      { type: "news", text: "for others" },
      { except: { userIds: ["ada"] } },
    );
    await expect.poll(() => server.users, POLL).toEqual(["ada", "ada"]);
    for (const tab of tabs) await isOpen(tab, "ada");
    release();
    for (const sending of sends) expect((await sending)?.status).toBe("delivered");
    for (const answer of answers) expect(await answer).toBe("asked");
    expect(server.ran.toSorted()).toEqual(["ada asked", "ada asked", "ada held", "ada held"]);
    await expect.poll(() => first?.news, POLL).toEqual(["held", "held"]);
    // With their next connections, the tabs share again.
    for (const { client } of tabs) client.reconnect();
    await expect.poll(() => server.users, POLL).toEqual(["ada"]);
  });
});

it("tabs share where their user may have one connection", async () => {
  await replaceServer({ maxConnectionsPerUser: 1 });
  const [leader, second] = await open(3);
  expect(server.users).toEqual(["ada"]);
  leader?.tab.crash();
  expect((await second?.client.send("note", { text: "x" }))?.status).toBe("delivered");
});

it("what the server sends to the connection reaches all tabs, whatever its fields are called", async () => {
  const [first, second] = await open(2);
  const [sockets] = server.manager.wsInstances.values();
  for (const ws of sockets ?? [])
    server.manager.send(ws, { type: "news", text: "one", room: "blue", ch: "red" });
  for (const tab of [first, second]) await expect.poll(() => tab?.news, POLL).toEqual(["one"]);
});

describe("the limits of a connection hold for its tabs together", () => {
  it("and no request of a tab is refused because of them: it waits", { timeout: 20_000 }, async () => {
    await open(4);
    const answers = tabs.flatMap(({ client }, n) =>
      Array.from({ length: 30 }, (_, k) => client.request("echo", { text: `${String(n)} ${String(k)}` })),
    );
    expect(new Set(await Promise.all(answers)).size).toBe(120);
    expect(server.users).toEqual(["ada"]);
    expect(tabs.flatMap(({ states }) => states)).not.toContain("waiting");
  });

  it("and a message that is just small enough for the client is so for the server", async () => {
    const [first] = await open(2);
    const outcomes = [];
    for (const length of [65_410, 65_440, 65_470, 65_500, 65_536])
      outcomes.push((await first?.client.send("note", { text: "x".repeat(length) }))?.status);
    expect(outcomes.at(0)).toBe("delivered");
    expect(outcomes.at(-1)).toBe("rejected");
    // A refusal of the server would have cost the number of the next one.
    expect((await first?.client.send("note", { text: "after" }))?.status).toBe("delivered");
  });
});

describe("one tab of several", () => {
  it("has a room for itself, which is left with the last of its tabs", async () => {
    const [first, second, third] = await open(3);
    const room = first?.client.join("blue");
    const same = second?.client.join("blue");
    for (const each of [room, same]) await expect.poll(() => each?.state.status, POLL).toBe("joined");
    const connections = async (): Promise<number> =>
      (await server.manager.getRoomStats("blue")).totalConnections;
    await server.manager.sendToRoom("blue", { type: "news", text: "one" });
    for (const tab of [first, second]) await expect.poll(() => tab?.news, POLL).toEqual(["blue one"]);
    expect(await connections()).toBe(1);
    room?.leave();
    await server.manager.sendToRoom("blue", { type: "news", text: "two" });
    await expect.poll(() => second?.news, POLL).toEqual(["blue one", "blue two"]);
    second?.tab.crash();
    await expect.poll(connections, POLL).toBe(0);
    expect(first?.news).toEqual(["blue one"]);
    expect(third?.news).toEqual([]);
  });

  it("closes for itself, also where it leads", async () => {
    const [leader, second, third] = await open(3);
    leader?.client.close();
    await server.manager.broadcastMessage({ type: "news", text: "one" });
    for (const tab of [second, third]) await expect.poll(() => tab?.news, POLL).toEqual(["one"]);
    expect(leader?.client.state.status).toBe("closed");
    expect(leader?.news).toEqual([]);
    expect(server.users).toEqual(["ada"]);
  });
});
