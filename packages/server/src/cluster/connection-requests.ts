// Sends requests to clients, on whatever node they are connected.
// Called by server-requests.ts; answering-node.ts asks this node's connections on behalf of another node.
// Guarantee: each connection that was asked yields one answer, at the latest at the time-out.
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import { nodeOf } from "../connection/addressed-closes.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { PendingServerRequests, readError } from "../connection/pending-server-requests.ts";
import type { ServerLimits } from "../limits.ts";
import type { Clock } from "../types.ts";
import { requestAnswer } from "./node-message.ts";
import type { Question } from "./node-message.ts";
import type { NodeQuestions, SentQuestion } from "./node-questions.ts";

export interface ConnectionRequestsParts {
  readonly backplane: Pick<Backplane, "nodeId">;
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly limits: Pick<ServerLimits, "unansweredRequests">;
  readonly questions: NodeQuestions;
}

/** A request whose input has been parsed. */
export interface PreparedRequest {
  readonly name: string;
  readonly input: unknown;
  readonly timeoutMs: number;
  /** Aborts the request: later answers are ignored. */
  readonly signal: AbortSignal;
}

/** What a client answered, or why there is no answer. */
export type Reply = { readonly value: unknown } | { readonly error: unknown };

/** The connections of another node. */
interface NodeConnections {
  readonly nodeId: string;
  readonly ids: readonly string[];
}

/** A node that does not confirm within this time that it asks its connections counts as dead, in ms. */
const SILENCE_MS = 2_000;

/** Asks connections, here and on other nodes. */
export class ConnectionRequests {
  readonly #parts: ConnectionRequestsParts;

  constructor(parts: ConnectionRequestsParts) {
    this.#parts = parts;
  }

  /** Asks connections by their ids. Each reply never rejects, and stays pending after the signal aborts. */
  ask(connectionIds: readonly string[], request: PreparedRequest): ReadonlyMap<string, Promise<Reply>> {
    const replies = new Map<string, Promise<Reply>>();
    const onNodes = new Map<string, string[]>();
    for (const id of connectionIds) {
      const nodeId = nodeOf(id);
      const ids = onNodes.get(nodeId);
      if (nodeId === this.#parts.backplane.nodeId) replies.set(id, this.askHere(id, request));
      else if (ids === undefined) onNodes.set(nodeId, [id]);
      else ids.push(id);
    }
    for (const [nodeId, ids] of onNodes) {
      const settlers = new Map<string, (reply: Reply) => void>();
      for (const id of ids) replies.set(id, new Promise((resolve) => settlers.set(id, resolve)));
      this.#askNode({ nodeId, ids }, request, (id, reply) => settlers.get(id)?.(reply));
    }
    return replies;
  }

  /** Asks a connection of this node. Never rejects. */
  async askHere(connectionId: string, request: PreparedRequest): Promise<Reply> {
    const { clock, connections, limits } = this.#parts;
    try {
      const connection = connections.byId(connectionId);
      if (connection === undefined) throw new HalyardError("unavailable");
      connection.serverRequests ??= new PendingServerRequests(connection, clock, limits.unansweredRequests);
      return { value: await connection.serverRequests.send(request) };
    } catch (error) {
      return { error };
    }
  }

  #askNode(
    { nodeId, ids }: NodeConnections,
    request: PreparedRequest,
    onReply: (connectionId: string, reply: Reply) => void,
  ): void {
    const { clock, questions } = this.#parts;
    const { name, input, signal, timeoutMs } = request;
    const left = new Set(ids);
    let sent: SentQuestion | undefined;
    const end = (): void => {
      for (const timer of [silence, timeout]) clock.clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      sent?.end();
    };
    const settle = (id: string, reply: Reply): void => {
      if (!left.delete(id)) return;
      if (left.size === 0) end();
      onReply(id, reply);
    };
    const fail = (error: unknown): void => {
      for (const id of [...left]) settle(id, { error });
    };
    const silence = clock.setTimeout(
      () => fail(new HalyardError("unavailable", "The connection's node does not answer.")),
      Math.min(SILENCE_MS, timeoutMs),
    );
    const timeout = clock.setTimeout(() => fail(new HalyardError("timeout")), timeoutMs);
    const cancel = (): void => {
      end();
      if (sent !== undefined) questions.ask(nodeId, { ask: "cancel", of: sent.id }, IGNORED).end();
    };
    const onAnswer = (answer: unknown): void => {
      const parsed = requestAnswer.safeParse(answer);
      if (!parsed.success) return;
      clock.clearTimeout(silence);
      if (!("connectionId" in parsed.data)) return;
      const { connectionId } = parsed.data;
      if ("error" in parsed.data) settle(connectionId, { error: readError(parsed.data.error) });
      else settle(connectionId, { value: parsed.data.value });
    };
    signal.addEventListener("abort", cancel);
    try {
      const question: Question = { ask: "request", connections: [...ids], name, input, timeoutMs };
      sent = questions.ask(nodeId, question, { onAnswer, onError: fail });
    } catch (error) {
      fail(error);
    }
  }
}

const IGNORED = { onAnswer: () => {}, onError: () => {} };
