// What nodes send each other over the backplane, as JSON: closes of connections, changes of rights, questions and their answers.
// Written and read by node-questions.ts; closes go to connection/addressed-closes.ts and room-closes.ts, rights to user-rights.ts.
// Guarantee: what does not have the shape of a message is not handed on.
import { z } from "zod";
import type { Backplane } from "../backplane.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";

/** A connection, wherever it is. The id of its node is part of its own id. */
export interface LocatedConnection {
  readonly userId: string;
  readonly connectionId: string;
}

const connections = z.array(z.string()).max(1_000);

const question = z.union([
  /** Which connections of the node are in a room, or are a user's? */
  z.object({ ask: z.literal("who"), room: z.string() }),
  z.object({ ask: z.literal("who"), user: z.string() }),
  /** Connections of the node are asked; each of their answers is one. The first answer says that the node has begun. */
  z.object({
    ask: z.literal("request"),
    connections,
    name: z.string(),
    input: z.unknown().optional(),
    timeoutMs: z.number(),
  }),
  /** The asking node no longer waits for the answers to an earlier question. */
  z.object({ ask: z.literal("cancel"), of: z.string() }),
  z.object({ ask: z.literal("stats") }),
]);

/** A question of one node to another. */
export type Question = z.infer<typeof question>;

const asked = z.object({ id: z.string(), from: z.string(), question });
const answered = z.object({ to: z.string(), answer: z.unknown().optional() });
const close = z.object({ close: z.string(), user: z.string(), code: z.int() });
/** Every connection in a room is to be closed. */
const roomClose = z.object({ closeRoom: z.string(), code: z.int(), reason: z.string() });

export type RoomCloseMessage = z.infer<typeof roomClose>;

/** The rights of a user have changed: a room is lost, or, without one, all are to be asked for again. */
const rights = z.object({ rightsOf: z.string(), lostRoom: z.string().optional() });

export type RightsMessage = z.infer<typeof rights>;

const nodeMessage = z.union([asked, answered, close, roomClose, rights]);

export type NodeMessage = z.infer<typeof nodeMessage>;

/** @throws TypeError for a text that is none: a later version may have messages that this one does not know */
export function parseNodeMessage(data: string): NodeMessage {
  const parsed = nodeMessage.safeParse(JSON.parse(data));
  if (!parsed.success) throw new TypeError("not a message between nodes");
  return parsed.data;
}

/** Rejects with `unavailable` when a node may not have got it. */
export async function sendToOthers(
  backplane: Pick<Backplane, "nodeId" | "nodes" | "send">,
  message: NodeMessage,
): Promise<void> {
  const data = JSON.stringify(message);
  const nodes = await repeatOnce(backplane.nodes(), () => backplane.nodes());
  const others = nodes.filter((nodeId) => nodeId !== backplane.nodeId);
  await Promise.all(
    others.map((nodeId) => repeatOnce(backplane.send(nodeId, data), () => backplane.send(nodeId, data))),
  );
}

export const whoAnswer = z.object({
  total: z.int(),
  connections: z.array(z.object({ userId: z.string(), connectionId: z.string() })),
});

export const requestAnswer = z.union([
  z.object({ begun: z.literal(true) }),
  z.object({ connectionId: z.string(), error: z.looseObject({ type: z.literal("error") }) }),
  z.object({ connectionId: z.string(), value: z.unknown().optional() }),
]);

export const statsAnswer = z.object({
  nodeId: z.string(),
  startedAt: z.number(),
  totalUsers: z.int(),
  totalConnections: z.int(),
  rooms: z.int(),
  draining: z.boolean(),
});
