// One turn's writes to many connections: what throws for one topic or one socket affects no other.
// Topics are Bun's; a real one cannot be made to throw, so the runtime's server and sockets are the test's own.
import { createBunWebSocket } from "@halyard/server/bun";
import { describe, expect, it } from "vitest";
import { BareSocket, turns } from "../support/bare-socket.ts";
import { createSystem, open } from "../support/bare-system.ts";
import { until } from "../support/wait.ts";

const READERS = 70;

/** A socket of the runtime, with its topics. */
class TopicSocket extends BareSocket {
  readonly topics = new Set<string>();
  cork(write: () => void): void {
    write();
  }
  ping(): void {
    // A round of the heartbeat may come while the readers connect.
  }
  getBufferedAmount(): number {
    return 0;
  }
  subscribe(topic: string): void {
    this.topics.add(topic);
  }
  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }
}

/** Two rooms of 70 readers each, on a server whose topics the test breaks. */
async function twoRooms(): Promise<{
  readonly readers: Record<"hall" | "attic", TopicSocket[]>;
  /** The topics whose publication throws. */
  readonly broken: Set<string>;
  turn(name: string): Promise<void>;
}> {
  // Without presence a turn has no other frames: the runtime's topics serve exactly the two rooms.
  const limits = { acceptedUpgradeBurst: 1_000, handshakesPerAddress: 1_000 };
  const { manager } = createSystem({ builtIns: { presence: false }, limits });
  const sockets: TopicSocket[] = [];
  const broken = new Set<string>();
  const server = {
    requestIP: () => ({ address: "127.0.0.1" }),
    upgrade: (_request: Request, options?: { data?: unknown }) => {
      const data = options?.data as { readonly userId: string };
      const socket = new TopicSocket(data.userId, data);
      sockets.push(socket);
      // The runtime opens the socket within the call.
      websocket.open(socket as never);
      return true;
    },
    publish: (topic: string, data: string) => {
      if (broken.has(topic)) throw new Error("the topic is broken");
      for (const socket of sockets) if (socket.topics.has(topic)) socket.send(data);
      return data.length;
    },
  };
  const authenticate = (request: { readonly url: string }) => ({
    user: { id: new URL(request.url, "http://localhost").searchParams.get("user") ?? "" },
  });
  const { fetch, websocket } = createBunWebSocket({ manager, authenticate });
  const readers = { hall: [] as TopicSocket[], attic: [] as TopicSocket[] };
  for (const room of ["hall", "attic"] as const)
    for (let n = 0; n < READERS; n++) {
      const headers = {
        upgrade: "websocket",
        connection: "Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      const request = new Request(`http://localhost/ws?user=${room}-${String(n)}`, { headers });
      await fetch(request, server);
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error("The upgrade was refused.");
      await until("the welcome", () => socket.all("welcome").length > 0);
      await manager.join(socket, room);
      readers[room].push(socket);
    }
  await turns();
  const turn = async (name: string): Promise<void> => {
    for (const room of ["hall", "attic"] as const)
      for (let n = 0; n < 4; n++)
        void manager.sendToRoom(room, { type: "notice", text: `${name}${String(n)}` });
    await turns(2);
  };
  return { readers, broken, turn };
}

const noticesOf = (socket: BareSocket): string =>
  socket
    .all("notice")
    .map(({ text }) => String(text))
    .join(" ");
const namesOf = (...turnNames: string[]): string =>
  turnNames.flatMap((name) => [0, 1, 2, 3].map((n) => `${name}${String(n)}`)).join(" ");

describe("a flush", () => {
  it("goes on when a topic of the runtime throws: no client misses a message or gets one twice [s-K8]", async () => {
    const { readers, broken, turn } = await twoRooms();
    await turn("a");
    const topics = new Set([...readers.hall, ...readers.attic].flatMap((socket) => [...socket.topics]));
    expect(topics.size).toBe(2);
    for (const socket of readers.hall) for (const topic of socket.topics) broken.add(topic);
    await turn("b");
    await turn("c");
    const all = [...readers.hall, ...readers.attic];
    const startedAt = performance.now();
    const isDone = (): boolean => all.every((socket) => socket.all("notice").length >= 12);
    await until("the last message", () => isDone() || performance.now() - startedAt > 2_000);
    expect(new Set(readers.attic.map(noticesOf))).toEqual(new Set([namesOf("a", "b", "c")]));
    expect(new Set(readers.hall.map(noticesOf))).toEqual(new Set([namesOf("a", "b", "c")]));
  });

  it("goes on when a socket throws, which alone is closed", async () => {
    const { manager } = createSystem();
    const sockets = [];
    for (const userId of ["ada", "bob", "cyd"]) sockets.push(await open(manager, userId));
    const [ada, bob, cyd] = sockets as [BareSocket, BareSocket, BareSocket];
    bob.send = () => {
      throw new Error("the socket is broken");
    };
    await manager.broadcastMessage({ type: "notice", text: "a" });
    await turns();
    expect([ada, cyd].map(noticesOf)).toEqual(["a", "a"]);
    expect([ada.codes, bob.codes, cyd.codes]).toEqual([[], [1011], []]);
  });
});
