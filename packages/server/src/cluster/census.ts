// Counts and names the connections of a user or a room, over all nodes.
// Called by server-requests.ts; answering-node.ts counts this node's connections for another node.
import { roomChannel } from "../channels/channel-name.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import type { Backplane } from "../backplane.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import type { LocatedConnection } from "./node-message.ts";
import { whoAnswer } from "./node-message.ts";
import type { NodeQuestions } from "./node-questions.ts";

export interface CensusParts {
  readonly backplane: Pick<Backplane, "nodeId" | "nodes" | "roster">;
  readonly channels: ChannelHub;
  readonly connections: ConnectionTable;
  readonly questions: NodeQuestions;
}

/** The connections of a user, or those in a room. */
export type Group = { readonly user: string } | { readonly room: string };

/** The connections that were found; `total` also counts those whose ids are left out. */
export interface CensusResult {
  readonly total: number;
  readonly connections: readonly LocatedConnection[];
}

/** The result over all nodes, and the nodes that did not answer. */
export interface ClusterCensus extends CensusResult {
  readonly missing: readonly string[];
}

/** The time in which a live node answers, in ms. */
export const ANSWER_MS = 1_000;
/** How many connections may be asked at once; more are not named. */
export const MAX_ASKED = 1_000;
const PAGE = 200;

/** Counts and names connections. */
export class Census {
  readonly #parts: CensusParts;

  constructor(parts: CensusParts) {
    this.#parts = parts;
  }

  /** The connections of this node. */
  here(group: Group): CensusResult {
    const { channels, connections } = this.#parts;
    const found =
      "user" in group ? connections.ofUser(group.user) : channels.subscribersOf(roomChannel(group.room));
    const named = found.slice(0, MAX_ASKED).map(({ id, userId }) => ({ connectionId: id, userId }));
    return { total: found.length, connections: named };
  }

  /**
   * @param ms how long the other nodes have to answer
   * @throws HalyardError `unavailable`, when it is not known which nodes there are
   */
  async everywhere(group: Group, ms = ANSWER_MS): Promise<ClusterCensus> {
    const { backplane, questions } = this.#parts;
    const nodes = await backplane.nodes();
    const others = nodes.filter((nodeId) => nodeId !== backplane.nodeId);
    const question = { ask: "who", ...group } as const;
    const answers = await Promise.all(others.map((nodeId) => questions.askOnce(nodeId, question, ms)));
    const found: CensusResult[] = [this.here(group)];
    const missing: string[] = [];
    for (const [index, answer] of answers.entries()) {
      const parsed = whoAnswer.safeParse(answer);
      if (parsed.success) found.push(parsed.data);
      else missing.push(others[index] ?? "");
    }
    const total = found.reduce((sum, result) => sum + result.total, 0);
    return { total, connections: found.flatMap((result) => result.connections), missing };
  }

  /** The ids of a room's users, at most {@link MAX_ASKED} of them, as the backplane knows them. */
  async usersOf(room: string): Promise<ReadonlySet<string>> {
    const users = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await this.#parts.backplane.roster(room, { cursor, limit: PAGE });
      for (const { user } of page.entries) users.add(user);
      cursor = page.cursor;
    } while (cursor !== undefined && users.size < MAX_ASKED);
    return users;
  }
}
