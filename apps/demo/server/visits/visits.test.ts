import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { attachWebSocketServer } from "@halyard/server/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Guest, Visit } from "../../shared/visit.ts";
import type { VisitProtocol } from "../../shared/visit-protocol.ts";
import type { Database } from "../database.ts";
import { openDatabase } from "../database.ts";
import { createDeviceStore } from "../devices/device-store.ts";
import { createLog } from "../log.ts";
import { createLineStore } from "./line-store.ts";
import type { LineStore } from "./line-store.ts";
import type { SignOuts } from "./sign-outs.ts";
import { createSignOuts } from "./sign-outs.ts";
import { createVisitTickets } from "./visit-tickets.ts";
import { createVisits } from "./visits.ts";

const HOUR_MS = 60 * 60_000;

describe("the visits of the front page", () => {
  const tickets = createVisitTickets("secret");
  const directory = mkdtempSync(join(tmpdir(), "halyard-visits-"));
  const clients: WebSocketClient<VisitProtocol>[] = [];
  let kills = 0;
  let database: Database;
  let lines: LineStore;
  let signOuts: SignOuts;
  /** Called once, between the check of the next ticket and the opening of its socket. */
  let onceChecked: (() => void) | undefined;
  let visits: ReturnType<typeof createVisits>;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    database = await openDatabase(join(directory, "demo.db"));
    lines = createLineStore(database);
    signOuts = createSignOuts(database);
    visits = createVisits({
      tickets,
      lines,
      signOuts: {
        ...signOuts,
        has(room) {
          const hasSignedOut = signOuts.has(room);
          onceChecked?.();
          onceChecked = undefined;
          return hasSignedOut;
        },
      },
      devices: createDeviceStore(database, { nodeName: "one" }),
      origins: [],
      nodeName: "one",
      backplane: undefined,
      kill: () => kills++,
      logger: createLog(() => undefined),
      onError: (error) => expect.unreachable(String(error)),
    });
    server = createServer();
    attachWebSocketServer(server, { manager: visits, path: "/visit/ws" });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/visit/ws`;
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await visits.close();
    server.close();
    database.close();
    rmSync(directory, { recursive: true });
  });

  function enter({ tickets: { you, companion } }: Visit, guest: Guest) {
    const client = createWebSocketClient<VisitProtocol>({
      url,
      ticket: () => (guest === "you" ? you : companion),
    });
    clients.push(client);
    return client;
  }

  it("two guests of a visit write to each other, and the history has every line once", async () => {
    const visit = tickets.issue("192.0.2.1");
    const you = enter(visit, "you").join(visit.room);
    const companion = enter(visit, "companion").join(visit.room);
    await Promise.all([you.ready, companion.ready]);
    const heard = new Promise((resolve) => companion.once("line", resolve));
    const receipt = await you.send("line", { number: 1, text: "Hello" });
    expect(receipt.status).toBe("delivered");
    expect(await heard).toMatchObject({ from: "you", number: 1, text: "Hello", id: receipt.id });
    // A line that is written again with the same number, as after a crash, is the same line.
    await you.send("line", { number: 1, text: "Hello" });
    expect(await companion.request("history")).toMatchObject([{ from: "you", number: 1, id: receipt.id }]);
  });

  it("a guest is refused in the room of another visit", async () => {
    const [own, foreign] = [tickets.issue("192.0.2.1"), tickets.issue("192.0.2.1")];
    const room = enter(own, "you").join(foreign.room);
    expect(await room.ready).toMatchObject({ status: "left", error: { code: "forbidden" } });
  });

  it("a guest has four sockets: a fifth one is refused, and so is a forged ticket", async () => {
    const visit = tickets.issue("192.0.2.1");
    const tabs = Array.from({ length: 4 }, () => enter(visit, "you"));
    for (const tab of tabs) await expect.poll(() => tab.state.status).toBe("open");
    const fifth = enter(visit, "you");
    await expect.poll(() => fifth.state).toMatchObject({ status: "waiting", cause: { status: 429 } });
    const forged = { ...visit.tickets, you: visit.tickets.you.replace(".you.", ".companion.") };
    const forger = enter({ ...visit, tickets: forged }, "you");
    await expect.poll(() => forger.state).toMatchObject({ status: "authRequired" });
    await expect.poll(() => visits.getConnectionStats()).toMatchObject({ totalConnections: 4 });
  });

  it("a guest learns of its connection and of its other tabs, and asks the server to kill itself", async () => {
    const visit = tickets.issue("192.0.2.1");
    const client = enter(visit, "you");
    const { connectionId, devices, ...about } = await client.request("about_connection");
    expect(about).toEqual({ node: "one", canKill: true });
    expect(devices).toMatchObject([{ id: connectionId, node: "one", browser: expect.any(String) as string }]);
    let listed = 0;
    client.on("devices", (message) => (listed = message.devices.length));
    const tab = enter(visit, "you");
    await expect.poll(() => listed).toBe(2);
    tab.close();
    await expect.poll(() => listed).toBe(1);
    client.send("kill_server", {});
    await expect.poll(() => kills).toBe(1);
  });

  it("a visitor shows a cursor to the visitors of the same address, writes nothing there, and has a name of the server", async () => {
    const [visit, neighbour] = [tickets.issue("192.0.2.1"), tickets.issue("192.0.2.1")];
    const you = enter(visit, "you").join(visit.canvas);
    const other = enter(neighbour, "you").join(neighbour.canvas);
    await Promise.all([you.ready, other.ready]);
    you.updatePresence({ status: "busy", cursor: { x: 0.25, y: 1 } });
    const seen = () => other.users.find(({ userId }) => userId === `${visit.room}.you`);
    await expect.poll(() => seen()?.presence).toEqual({ status: "busy", cursor: { x: 0.25, y: 1 } });
    expect(seen()?.name).toMatch(/^Visitor [A-Z][a-z]+$/);
    const receipt = await you.send("line", { number: 1, text: "Hello" });
    expect(receipt).toMatchObject({ status: "rejected", error: { code: "forbidden" } });
    const otherAddress = enter(tickets.issue("192.0.2.2"), "you").join(visit.canvas);
    expect(await otherAddress.ready).toMatchObject({ status: "left", error: { code: "forbidden" } });
  });

  it("a sign-out closes both sockets of the visit, and its tickets open no other", async () => {
    const [visit, other] = [tickets.issue("192.0.2.1"), tickets.issue("192.0.2.1")];
    const guests = [enter(visit, "you"), enter(visit, "companion")];
    const bystander = enter(other, "you");
    for (const client of [...guests, bystander]) await expect.poll(() => client.state.status).toBe("open");
    guests[0]?.send("sign_out", {});
    for (const client of guests) await expect.poll(() => client.state.status).toBe("authRequired");
    const again = enter(visit, "companion");
    await expect.poll(() => again.state.status).toBe("authRequired");
    expect(bystander.state.status).toBe("open");
  });

  it("a tab that opens while another one signs out on another node is signed out, too", async () => {
    const visit = tickets.issue("192.0.2.1");
    onceChecked = () => signOuts.add(visit.room);
    const client = enter(visit, "you");
    await expect.poll(() => client.state.status).toBe("authRequired");
  });

  it("a visit ends an hour after its start, also for a tab that is open", async () => {
    const early = createVisitTickets("secret", () => Date.now() - HOUR_MS + 2_000);
    const client = enter(early.issue("192.0.2.1"), "you");
    const states = new Set<string>();
    client.onStateChange(({ status }) => states.add(status));
    await expect.poll(() => client.state.status, { timeout: 8_000 }).toBe("authRequired");
    expect(states).toContain("open");
  }, 10_000);

  it("the newest 200 lines of a guest are kept, and lines of an earlier hour are deleted", () => {
    for (let number = 1; number <= 205; number++)
      lines.add("visit-x", {
        id: `l${number}`,
        from: "you",
        number,
        text: "x",
        writtenAt: "2026-01-01T00:00:00.000Z",
      });
    expect(lines.list("visit-x").map(({ number }) => number)).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 6),
    );
    // A guest chooses the numbers of its lines, and none of them keeps more.
    const sizeBefore = lines.list("visit-x").length;
    database.exec("BEGIN");
    for (let number = 1_000; number > 500; number--)
      lines.add("visit-y", {
        id: `d${number}`,
        from: "you",
        number,
        text: "x",
        writtenAt: "2026-01-01T00:00:00.000Z",
      });
    database.exec("COMMIT");
    const { count } = database
      .prepare("SELECT count(*) AS count FROM visit_line WHERE room = 'visit-y'")
      .get() as {
      readonly count: number;
    };
    expect([sizeBefore, count]).toEqual([200, 200]);
    lines.deleteBefore("2026-01-01T00:00:00.001Z");
    expect(lines.list("visit-x")).toEqual([]);
  });
});
