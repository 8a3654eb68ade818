// The operations of a shared backplane on the records of clients: numbered sends, requests, given rooms.
// NodeBackplane sends them to the store.
// Guarantee: the operation of a client runs on one node at a time, and a `settle` of an outdated claim has no effect.
import type {
  BegunWork,
  Claim,
  ClientRef,
  RoomHolder,
  RoomsOfClient,
  Work,
  WorkState,
} from "@halyard/server";
import { clientKey, hasSlot, RECORD_MS } from "./shared-state.ts";
import type { Operation, SharedState, StoredClient, StoredWork } from "./shared-state.ts";

const MAX_SENDS = 32;
const MAX_REQUESTS = 96;
const MAX_REQUEST_CHARS = 256 * 1024;
const MAX_RESULT_CHARS = 16 * 1024;

export function begin(work: Work, node: string): Operation<WorkState> {
  return ({ state, now }) => {
    const client = clientOf(state, work.ref, now);
    // The welcome of this connection has told the client that results were lost: the record is whole from now on, with any number.
    if (client.toldTo !== undefined && client.toldTo === work.connection?.id)
      Object.assign(client, { isWhole: true, toldTo: undefined, lastSeq: 0 });
    const known = workOf(client, work.key);
    if (known !== undefined) return stateOf(known, { work, node, state });
    if (!client.isWhole && work.mayHaveRun === true) return { state: "forgotten" };
    const { digest, claim } = work;
    const started: StoredWork = { digest, result: undefined, node, claim, mayHaveRun: false };
    if (typeof work.key === "string") {
      client.requests.set(work.key, started);
      return { state: "run" };
    }
    if (client.lastSeq !== 0 && work.key !== client.lastSeq + 1) return { state: "conflict" };
    client.lastSeq = work.key;
    client.sends.delete(work.key - MAX_SENDS);
    client.sends.set(work.key, started);
    return { state: "run" };
  };
}

export function settle(work: Work, result: string | undefined, node: string): Operation<void> {
  return ({ state, now }) => {
    const client = clientOf(state, work.ref, now);
    const known = workOf(client, work.key);
    if (known === undefined || known.result !== undefined || !isClaimOf(known, work, node)) return;
    if (result === undefined && work.hasNoEffect === true && !known.mayHaveRun) {
      forgetWork(client, work.key);
      return;
    }
    const isKept =
      result !== undefined && (typeof work.key === "number" || result.length <= MAX_RESULT_CHARS);
    if (isKept) known.result = result;
    else Object.assign(known, { node: undefined, claim: undefined, mayHaveRun: true });
    if (typeof work.key === "number") return;
    // The request becomes the last one, because requests that ended first are removed first.
    client.requests.delete(work.key);
    client.requests.set(work.key, known);
    trimRequests(client);
  };
}

function forgetWork(client: StoredClient, key: Work["key"]): void {
  if (typeof key === "string") client.requests.delete(key);
  else if (client.sends.delete(key) && client.lastSeq === key) client.lastSeq--;
}

/** Creates the record of a client that connects for the first time. */
export function beginRecord(state: SharedState, ref: ClientRef, now: number): void {
  const isNew = !state.clients.has(clientKey(ref));
  const client = clientOf(state, ref, now);
  if (isNew) client.isWhole = true;
}

export function recall(ref: ClientRef, connectionId: string): Operation<BegunWork | undefined> {
  return ({ state, now }) => {
    const client = clientOf(state, ref, now);
    if (client.isWhole) return { lastSeq: client.lastSeq, requests: [...client.requests.keys()] };
    client.toldTo = connectionId;
    return undefined;
  };
}

export function giveRoom(ref: ClientRef, room: string): Operation<void> {
  return ({ state, now }) => void clientOf(state, ref, now).rooms.add(room);
}

export function takeRoom({ user, client }: RoomHolder, room: string): Operation<void> {
  return ({ state, now }) => {
    if (client !== undefined) clientOf(state, { user, client }, now).rooms.delete(room);
    else for (const each of state.clients.values()) if (each.user === user) each.rooms.delete(room);
  };
}

export function givenRooms(ref: ClientRef): Operation<readonly string[]> {
  return ({ state, now }) => (state.clients.has(clientKey(ref)) ? [...clientOf(state, ref, now).rooms] : []);
}

/** Replaces the rooms of clients, except of those whose slot has another open connection, whose node knows the rooms. */
export function setRooms(clients: readonly RoomsOfClient[]): Operation<void> {
  return ({ state, now }) => {
    for (const { user, client, connectionId, rooms } of clients) {
      const slot = state.slots.get(user)?.find((each) => each.client === client);
      if (slot?.open !== undefined && slot.open.connectionId !== connectionId) continue;
      if (rooms.length === 0 && !state.clients.has(clientKey({ user, client }))) continue;
      const record = clientOf(state, { user, client }, now);
      record.rooms.clear();
      for (const room of rooms) record.rooms.add(room);
    }
  };
}

function stateOf(
  known: StoredWork,
  { work, node, state }: { readonly work: Work; readonly node: string; readonly state: SharedState },
): WorkState {
  if (known.digest !== work.digest) return { state: "conflict" };
  if (known.result !== undefined) return { state: "done", result: known.result };
  // The reply to this `begin` was lost.
  if (work.claim !== undefined && isClaimOf(known, work, node)) return runOf(known);
  const isAlive = [...state.leases.values()].some((lease) => lease.node === known.node);
  if (isAlive) return { state: "running", ...claimOf(known) };
  Object.assign(known, { node, claim: work.claim, mayHaveRun: true });
  return runOf(known);
}

const runOf = ({ mayHaveRun }: StoredWork): WorkState =>
  mayHaveRun ? { state: "run", mayHaveRun } : { state: "run" };

const isClaimOf = (known: StoredWork, work: Work, node: string): boolean =>
  known.node === node && known.claim === work.claim;

const claimOf = ({ node, claim: number }: StoredWork): { readonly claim?: Claim } =>
  node === undefined || number === undefined ? {} : { claim: { node, number } };

function clientOf(state: SharedState, ref: ClientRef, now: number): StoredClient {
  const key = clientKey(ref);
  const known = state.clients.get(key);
  const isOver =
    known !== undefined && now - known.usedAt > RECORD_MS && !hasSlot(state, ref.user, ref.client);
  const { incarnation } = state;
  if (known !== undefined && !isOver) {
    known.usedAt = now;
    if (known.incarnation !== incarnation)
      Object.assign(known, { incarnation, isWhole: false, toldTo: undefined, lastSeq: 0 });
    return known;
  }
  const { user, client } = ref;
  const maps = { sends: new Map(), requests: new Map(), rooms: new Set<string>() };
  const created: StoredClient = {
    user,
    client,
    lastSeq: 0,
    isWhole: false,
    toldTo: undefined,
    incarnation,
    ...maps,
    usedAt: now,
  };
  state.clients.set(key, created);
  return created;
}

function workOf(client: StoredClient, key: Work["key"]): StoredWork | undefined {
  return typeof key === "number" ? client.sends.get(key) : client.requests.get(key);
}

function trimRequests({ requests }: StoredClient): void {
  const finished = [...requests].filter(([, { node, result }]) => result !== undefined || node === undefined);
  let chars = finished.reduce((sum, [, { result = "" }]) => sum + result.length, 0);
  let count = finished.length;
  for (const [id, { result = "" }] of finished) {
    if (count <= MAX_REQUESTS && chars <= MAX_REQUEST_CHARS) return;
    requests.delete(id);
    chars -= result.length;
    count--;
  }
}
