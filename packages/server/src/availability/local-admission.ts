// Decides which connections are admitted while the backplane is away, by the limits of this node alone. Called by ConnectionSlots.
// When the backplane is back, the connections are declared there, and those above the limits of all nodes are closed.
import type { Admission, AdmissionRequest, ClientRef, Eviction } from "../backplane.ts";

/** An admission by this node alone, and the connections that lose their slot to it. */
export interface LocalAdmission {
  readonly admission: Admission;
  readonly evictions: readonly Eviction[];
}

/** What local admission reads of an open connection of this node. */
interface OpenConnection {
  readonly id: string;
  readonly stage: string;
  readonly isConnected: boolean;
  readonly client: ClientRef;
  readonly attempt: number;
  readonly openedAt: number;
}

const NO_EVICTIONS: readonly Eviction[] = [];

/** @param ofUser the user's connections to this node */
export function admitLocally(ofUser: readonly OpenConnection[], request: AdmissionRequest): LocalAdmission {
  const { attempt, client, connectionId, limit, policy, user } = request;
  const open = ofUser.filter(
    ({ id, isConnected, stage }) => id !== connectionId && (stage !== "opening" || isConnected),
  );
  const own = open.filter((connection) => connection.client.client === client);
  if (own.some((connection) => connection.attempt > attempt)) return refused("superseded");
  const others = open.filter((connection) => connection.client.client !== client);
  const isFull = limit < 1 || (policy === "reject" && own.length === 0 && others.length >= limit);
  if (isFull) return refused("limit");
  const evicted = others
    .toSorted((a, b) => a.openedAt - b.openedAt)
    .slice(0, Math.max(0, others.length + 1 - limit))
    .map(({ id }): Eviction => ({ user, connectionId: id, reason: "limit" }));
  return { admission: { admitted: true, replaced: own.map(({ id }) => id) }, evictions: evicted };
}

function refused(reason: "limit" | "superseded"): LocalAdmission {
  return { admission: { admitted: false, reason }, evictions: NO_EVICTIONS };
}
