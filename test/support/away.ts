// Cuts nodes off from their store and connects them again, and sends and reads messages: for the tests of nodes without a store.
import { newClientId } from "./two-nodes.ts";
import type { HelloFields, NodeSocket, TwoNodes } from "./two-nodes.ts";

export interface ChannelState {
  readonly epoch: string;
  readonly off: number;
  readonly recovered: unknown;
}

/** Longer than a node needs to notice that its store is away, in ms. */
const AWAY_MS = 6_000;
/** Longer than a node needs to catch up after its store is back, in ms. */
const BACK_MS = 12_000;
export const SLOW = { latencyMs: { min: 1, max: 25 }, seed: 7 };

export const chat = (content: string, seq: number, room?: string) => ({
  type: "chat_message",
  content,
  $: { seq, ...(room === undefined ? {} : { ch: `room:${room}` }) },
});

export const announce = (
  nodes: TwoNodes,
  node: "a" | "b",
  message: string,
  room?: string,
): Promise<unknown> => {
  const announcement = { type: "announcement", message } as never;
  const { manager } = nodes[node];
  return room === undefined ? manager.broadcastMessage(announcement) : manager.sendToRoom(room, announcement);
};

export const heard = (socket: NodeSocket): unknown[] =>
  socket.of("announcement").map(({ message }) => message);

export const channelsOf = (socket: NodeSocket): Record<string, ChannelState> =>
  (socket.of("welcome")[0]?.["channels"] ?? {}) as Record<string, ChannelState>;

export const presenceOf = (socket: NodeSocket) => [...socket.of("user_joined"), ...socket.of("user_left")];

/** Cuts these nodes off from the store, or both, and waits until they have noticed it. */
export async function goAway(nodes: TwoNodes, ...ids: string[]): Promise<void> {
  nodes.shared.partition(...(ids.length === 0 ? ["a", "b"] : ids));
  await nodes.run(AWAY_MS);
}

export async function comeBack(nodes: TwoNodes): Promise<void> {
  nodes.shared.heal();
  await nodes.run(BACK_MS);
}

/** Connects a client and cuts its connection. @returns the fields of the hello of its next connection */
export async function dropped(
  nodes: TwoNodes,
  userId: string,
  rooms: readonly string[] = [],
): Promise<HelloFields & { readonly clientId: string }> {
  const clientId = newClientId();
  const socket = await nodes.connect(nodes.a, userId, { clientId, rooms });
  const positions = Object.entries(channelsOf(socket)).map(([ch, { epoch, off }]) => ({ ch, epoch, off }));
  socket.close(1006);
  return { clientId, attempt: 2, rooms, positions };
}
