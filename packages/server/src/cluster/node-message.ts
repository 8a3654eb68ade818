// The messages that one node sends to another over the backplane, as JSON: closes, questions and answers.
// Written and read by node-questions.ts; closes go to connection/addressed-closes.ts.
// Guarantee: a text that is not a valid message is not passed on.
import { z } from "zod";

/** A connection on any node. Its id begins with the id of its node. */
export interface LocatedConnection {
  readonly userId: string;
  readonly connectionId: string;
}

const connections = z.array(z.string()).max(1_000);

const question = z.union([
  /** Asks which connections of the node are in a room, or belong to a user. */
  z.object({ ask: z.literal("who"), room: z.string() }),
  z.object({ ask: z.literal("who"), user: z.string() }),
  /**
   * Sends a request to connections of the node. Each of their answers is an answer to this question; before them, the
   * node confirms that it has begun.
   */
  z.object({
    ask: z.literal("request"),
    connections,
    name: z.string(),
    input: z.unknown().optional(),
    timeoutMs: z.number(),
  }),
  /** Cancels an earlier question, whose answers the asking node no longer awaits. */
  z.object({ ask: z.literal("cancel"), of: z.string() }),
  z.object({ ask: z.literal("stats") }),
]);

/** A question of one node to another. */
export type Question = z.infer<typeof question>;

const asked = z.object({ id: z.string(), from: z.string(), question });
const answered = z.object({ to: z.string(), answer: z.unknown().optional() });
const close = z.object({ close: z.string(), user: z.string(), code: z.int() });
const nodeMessage = z.union([asked, answered, close]);

export type NodeMessage = z.infer<typeof nodeMessage>;

/** @throws TypeError for any other text: a later version may have messages that this version does not know */
export function parseNodeMessage(data: string): NodeMessage {
  const parsed = nodeMessage.safeParse(JSON.parse(data));
  if (!parsed.success) throw new TypeError("not a message between nodes");
  return parsed.data;
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
