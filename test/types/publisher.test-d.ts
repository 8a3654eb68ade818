import type { HalyardError } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type {
  Backplane,
  ClusterStats,
  ConnectionStats,
  NodeStats,
  Published,
  Publisher,
  RoomReply,
  WebSocketInstance,
} from "@halyard/server";
import { createPublisher } from "@halyard/server/publisher";
import { expectTypeOf } from "vitest";
import { protocol } from "./protocol.ts";
import type { AppProtocol } from "./protocol.ts";

declare const backplane: Backplane;
declare const ws: WebSocketInstance;
const { manager } = createWebSocketSystem({ protocol, backplane });

// Publishing
const publisher = createPublisher({ backplane, protocol, logger: false });
expectTypeOf(publisher).toEqualTypeOf<Publisher<AppProtocol>>();
const { error } = await publisher.sendToRoom("r", { type: "poll_result", pollId: "p", votes: [1] });
expectTypeOf(error).toEqualTypeOf<HalyardError | undefined>();
await publisher.sendToUser("u", { type: "tick", n: 1 }, { idempotencyKey: "job 7" });
expectTypeOf(await publisher.sendToRooms(["a", "b"], { type: "tick", n: 1 })).toEqualTypeOf<
  readonly Published[]
>();
await publisher.broadcastMessage({ type: "tick", n: 1 }, { except: { userIds: ["u"] } });
await publisher.disconnectRoom("r", { code: 4403 });
expectTypeOf(await publisher.getRoomStats("r")).toEqualTypeOf<ConnectionStats>();
await publisher.disconnectUser("u", { code: 4403, reason: "closed" });
await createPublisher({ backplane }).broadcastMessage({ type: "announcement", message: "x" });
export const announce = (to: Publisher<AppProtocol>): Promise<unknown> =>
  to.broadcastMessage({ type: "announcement", message: "x" });
// A manager is a publisher.
await announce(manager);
await announce(publisher);
await manager.broadcastMessage({ type: "tick", n: 1 }, { idempotencyKey: "job 7" });
// @ts-expect-error there is no such type
await publisher.broadcastMessage({ type: "poll_results", pollId: "p", votes: [] });
// @ts-expect-error clients send this
await publisher.broadcastMessage({ type: "poll_vote", pollId: "p", option: 1 });
// @ts-expect-error only the built-in messages are known
await createPublisher({ backplane }).sendToUser("u", { type: "tick", n: 1 });
// @ts-expect-error the clients that are left out are not named by a room
await manager.broadcastMessage({ type: "tick", n: 1 }, { except: { rooms: ["b"] } });
// @ts-expect-error several rooms are sendToRooms
await manager.sendToRoom(["a", "b"], { type: "tick", n: 1 });
// @ts-expect-error a publisher has no sockets to leave out
await publisher.broadcastMessage({ type: "tick", n: 1 }, ws);
await manager.sendToRoom("a", { type: "tick", n: 1 }, ws);
await manager.sendToRoom("a", { type: "tick", n: 1 }, { except: { ws: [ws], userIds: ["u"] } });
await manager.sendToRooms(["a"], { type: "tick", n: 1 }, { except: { ws } });
// @ts-expect-error there is no such option
await publisher.sendToUser("u", { type: "tick", n: 1 }, { key: "job 7" });
// @ts-expect-error a backplane is needed
createPublisher({ protocol });
// @ts-expect-error what has no sockets asks no client
export const request: unknown = publisher.request;

// Requests
expectTypeOf(await manager.request({ userId: "u" }, "viewport")).toEqualTypeOf<number>();
expectTypeOf(await manager.request({ connectionId: "n.1" }, "viewport")).toEqualTypeOf<number>();
const replies = await manager.requestRoom("r", "viewport", undefined, { timeoutMs: 1 });
expectTypeOf(replies).toEqualTypeOf<readonly RoomReply<number>[]>();
for (const reply of replies) {
  expectTypeOf(reply.userId).toEqualTypeOf<string>();
  if (reply.status === "fulfilled") expectTypeOf(reply.value).toEqualTypeOf<number>();
  else expectTypeOf(reply.reason).toEqualTypeOf<HalyardError>();
}
// @ts-expect-error there is no such target
await manager.request({ room: "r" }, "viewport");
// @ts-expect-error a field is missing
await manager.requestRoom("r", "confirm", {});
// @ts-expect-error clients ask this
await manager.requestRoom("r", "count");

// Numbers
const stats = await manager.getClusterStats();
expectTypeOf(stats).toEqualTypeOf<ClusterStats>();
expectTypeOf(stats.nodes).toEqualTypeOf<readonly NodeStats[]>();
expectTypeOf(stats.missing).toEqualTypeOf<readonly string[]>();

createWebSocketSystem({
  onConnect: ({ connectionId }) => {
    expectTypeOf(connectionId).toEqualTypeOf<string>();
  },
});
