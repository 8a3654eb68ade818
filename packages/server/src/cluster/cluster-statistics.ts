// Counts users, connections and rooms, on this node and over all nodes. Called by the manager.
// Guarantee: never rejects; a node that does not answer is listed as missing.
import { dateOf } from "@halyard/protocol/internal";
import type { Backplane } from "../backplane.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { Clock } from "../types.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { ANSWER_MS } from "./census.ts";
import { statsAnswer } from "./node-message.ts";
import type { NodeQuestions } from "./node-questions.ts";
import type { ClusterStats, NodeStats } from "./cluster-types.ts";

export interface ClusterStatisticsParts {
  readonly backplane: Pick<Backplane, "nodeId" | "nodes" | "roster">;
  readonly channels: ChannelHub;
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly questions: NodeQuestions;
}

/** Counts the users, connections and rooms of a cluster. */
export class ClusterStatistics {
  /** Whether this node takes no new connections. */
  isDraining: () => boolean = () => false;
  readonly #parts: ClusterStatisticsParts;
  readonly #startedAt: number;
  /** The other nodes as the backplane last listed them. */
  #others: readonly string[] = [];

  constructor(parts: ClusterStatisticsParts) {
    this.#parts = parts;
    this.#startedAt = dateOf(parts.clock);
  }

  /** The counts of this node. */
  here(): NodeStats {
    const { backplane, channels, connections } = this.#parts;
    return {
      nodeId: backplane.nodeId,
      startedAt: this.#startedAt,
      totalUsers: connections.connectedUsers.size,
      totalConnections: connections.size,
      rooms: channels.roomCount,
      draining: this.isDraining(),
    };
  }

  /** The counts of all nodes, asked now. */
  async everywhere(): Promise<ClusterStats> {
    const { questions } = this.#parts;
    const others = await this.#otherNodes();
    const [onlineUsers, ...answers] = await Promise.all([
      others.length === 0 ? undefined : this.#onlineUsers(),
      ...others.map((nodeId) => questions.askOnce(nodeId, { ask: "stats" }, ANSWER_MS)),
    ]);
    const nodes = [this.here()];
    const missing: string[] = [];
    for (const [index, answer] of answers.entries()) {
      const parsed = statsAnswer.safeParse(answer);
      if (parsed.success) nodes.push(parsed.data);
      else missing.push(others[index] ?? "");
    }
    const sum = (count: (node: NodeStats) => number): number =>
      nodes.reduce((all, node) => all + count(node), 0);
    return {
      nodes,
      missing,
      totalUsers: onlineUsers ?? sum(({ totalUsers }) => totalUsers),
      totalConnections: sum(({ totalConnections }) => totalConnections),
    };
  }

  async #otherNodes(): Promise<readonly string[]> {
    const { backplane } = this.#parts;
    const nodes = await this.#inTime(backplane.nodes());
    if (nodes !== undefined) this.#others = nodes.filter((nodeId) => nodeId !== backplane.nodeId);
    return this.#others;
  }

  /** The users of all nodes, each counted once. */
  async #onlineUsers(): Promise<number | undefined> {
    const page = await this.#inTime(this.#parts.backplane.roster(undefined, { cursor: undefined, limit: 1 }));
    return page?.total;
  }

  /** The result of a call; undefined when the backplane is away. */
  #inTime<TResult>(call: Promise<TResult>): Promise<TResult | undefined> {
    return withDeadline(call, { clock: this.#parts.clock, ms: ANSWER_MS }).catch(() => undefined);
  }
}
