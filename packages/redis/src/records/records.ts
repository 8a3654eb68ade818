// The records of users and their clients in Redis: slots, operations, given rooms, marks. Called by redis-backplane.ts.
import { createHash } from "node:crypto";
import type {
  Admission,
  AdmissionRequest,
  BegunWork,
  ClientRef,
  Revocation,
  RoomHolder,
  RoomsOfClient,
  RosterEntry,
  RosterPage,
  Work,
  WorkState,
} from "@halyard/server";
import type { DirectCalls } from "../link/direct-calls.ts";
import type { Keys } from "../scripts/keys.ts";
import type { Scripts } from "../scripts/scripts.ts";
import type { StoreClock } from "../common/store-clock.ts";
import { countOf } from "../common/count-of.ts";
import { flagOf } from "../common/flag-of.ts";
import { toJson } from "../common/to-json.ts";

export interface RecordsParts {
  readonly calls: DirectCalls;
  readonly keys: Keys;
  readonly nodeId: string;
  readonly scripts: Scripts;
  readonly time: StoreClock;
}

/** The bounds of a client's stored requests: their number, their total bytes, and the size of one. */
const REQUESTS = ["96", String(256 * 1024), String(16 * 1024)];
const FORBIDDEN = 4403;
/** The smallest number of clients that are remembered per user: enough for the tabs that share a connection and some others. */
const LEAST_CLIENTS = 40;

/** The records in Redis. */
export class Records {
  readonly #parts: RecordsParts;
  /** How many clients of a user are remembered: twice as many as may have connections, as in the memory backplane. */
  #mostClients = LEAST_CLIENTS;

  constructor(parts: RecordsParts) {
    this.#parts = parts;
  }

  get mostClients(): number {
    return this.#mostClients;
  }

  async admit(request: AdmissionRequest): Promise<Admission> {
    const limit = countOf(request.limit);
    this.#mostClients = Math.max(this.#mostClients, countOf(2 * limit));
    const { session, authenticatedAt: time, ...rest } = request;
    const authenticatedAt = time === undefined ? undefined : this.#parts.time.monotonicToStore(time);
    const hash = session === undefined ? "" : hashOf(session);
    const [outcome, ...more] = (await this.#run(
      "admit",
      toJson({ ...rest, limit, authenticatedAt }),
      hash,
    )) as [string, ...(string | number)[]];
    if (outcome === "admitted") return { admitted: true, replaced: more.map(String) };
    if (outcome === "revoked") return { admitted: false, reason: "revoked", code: Number(more[0]) };
    return { admitted: false, reason: outcome === "superseded" ? "superseded" : "limit" };
  }

  /** The ids of the nodes. The id of a lease is its node's id, a slash and a number. */
  async nodes(): Promise<readonly string[]> {
    const leases = (await this.#run("nodes")) as readonly string[];
    return [...new Set(leases.map((lease) => lease.slice(0, lease.lastIndexOf("/"))))];
  }

  async roster(
    room: string | undefined,
    { cursor, limit }: { readonly cursor: string | undefined; readonly limit: number },
  ): Promise<RosterPage> {
    const name = room === undefined ? "online" : `room:${room}`;
    const after = /^\d+$/.test(cursor ?? "") ? String(cursor) : "0";
    const answer = (await this.#run("roster", name, after, String(limit))) as [
      string,
      number,
      string,
      ...string[],
    ];
    const [offset, total, next, ...users] = answer;
    const at = [Number(offset)];
    if (limit === 0) return { entries: [], total, connections: Number(users[0]), cursor: undefined, at };
    const entries: RosterEntry[] = [];
    for (let index = 0; index < users.length; index += 2) {
      const [user = "", entry = ""] = users.slice(index, index + 2);
      entries.push({ user, ...parseEntry(entry) });
    }
    return { entries, total, cursor: next === "" ? undefined : next, at };
  }

  async begin(work: Work): Promise<WorkState> {
    const { ref, digest, claim, connection, mayHaveRun } = work;
    const { nodeId } = this.#parts;
    const most = String(this.#mostClients);
    const values = [
      ref.user,
      ref.client,
      ...keyOf(work),
      String(digest),
      nodeId,
      textOf(claim),
      most,
      connection?.id ?? "",
      flagOf(mayHaveRun),
    ];
    const [state, ...more] = (await this.#run("begin", ...values)) as [string, ...string[]];
    if (state === "done") return { state, result: more[0] ?? "" };
    if (state === "run") return more[0] === undefined ? { state } : { state, mayHaveRun: true };
    if (state === "conflict" || state === "forgotten") return { state };
    const [node = "", number = ""] = more;
    return { state: "running", ...(number !== "" && { claim: { node, number: Number(number) } }) };
  }

  async settle(work: Work, result: string | undefined): Promise<void> {
    const { ref, claim, hasNoEffect } = work;
    const outcome =
      result === undefined ? [hasNoEffect === true ? "none" : "unknown", ""] : ["result", result];
    const values = [
      ref.user,
      ref.client,
      ...keyOf(work),
      this.#parts.nodeId,
      textOf(claim),
      ...outcome,
      ...REQUESTS,
    ];
    await this.#run("settle", ...values);
  }

  async recall({ user, client }: ClientRef, connectionId: string): Promise<BegunWork | undefined> {
    const begun = (await this.#run("recall", user, client, connectionId)) as readonly string[] | null;
    if (begun === null) return undefined;
    const [lastSeq, ...requests] = begun;
    return { lastSeq: Number(lastSeq), requests };
  }

  async changeRoom({ user, client = "" }: RoomHolder, change: "give" | "take", room: string): Promise<void> {
    await this.#run("rooms", user, client, change, room);
  }

  async givenRooms({ user, client }: ClientRef): Promise<readonly string[]> {
    return (await this.#run("rooms", user, client, "read", "")) as string[];
  }

  async setRooms(clients: readonly RoomsOfClient[]): Promise<void> {
    await this.#run("setRooms", toJson(clients));
  }

  /** @param notice the message that is sent to every node */
  async revoke(revocation: Revocation, ttlMs: number, notice: string): Promise<void> {
    const mark = this.#parts.time.markToStore(revocation);
    const { code, reason } = mark;
    const [name, stored] =
      "user" in mark
        ? [`u${mark.user}`, { code, reason, notBefore: mark.notBefore }]
        : [`s${hashOf(mark.session)}`, { code, reason }];
    const forgets = "user" in mark && code === FORBIDDEN ? mark.user : "";
    await this.#run("revoke", name, toJson(stored), String(Math.ceil(ttlMs)), notice, forgets);
  }

  async revocations(users: readonly string[], sessions: readonly string[]): Promise<readonly Revocation[]> {
    const { calls, keys, time } = this.#parts;
    const names = [...users.map((user) => `u${user}`), ...sessions.map((session) => `s${hashOf(session)}`)];
    if (names.length === 0) return [];
    const marks = names.map((name) => `${keys.root}mark:${name}`);
    const stored = (await calls.command(["MGET", ...marks], { again: true })) as (string | null)[];
    return stored.flatMap((json, index) => {
      if (json === null) return [];
      const [user, session] = [users[index], sessions[index - users.length]];
      const mark = JSON.parse(json) as object;
      return [
        time.markFromStore({ ...mark, ...(user === undefined ? { session } : { user }) } as Revocation),
      ];
    });
  }

  #run(name: Exclude<keyof Scripts, "publish" | "verify">, ...values: string[]): Promise<unknown> {
    const { calls, keys, scripts } = this.#parts;
    return calls.run(scripts[name], { values: [keys.root, ...values] });
  }
}

/** The hash under which a session is stored. */
function hashOf(session: string): string {
  return createHash("sha256").update(session).digest("base64url");
}

function keyOf({ key }: Work): [kind: string, key: string] {
  return [typeof key === "number" ? "send" : "request", String(key)];
}

function textOf(claim: number | undefined): string {
  return claim === undefined ? "" : String(claim);
}

/** Parses `<since> <profile>`, followed by the state on a second line. JSON text contains no line breaks. */
function parseEntry(entry: string): Omit<RosterEntry, "user"> {
  const [first = "", state] = entry.split("\n");
  const end = first.indexOf(" ");
  const [since, profile] = [Number(first.slice(0, end)), first.slice(end + 1)];
  return state === undefined ? { since, profile } : { since, profile, state };
}
