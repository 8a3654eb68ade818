// The operations on the records of clients: numbered sends, requests, given rooms.
// A node of a shared backplane sends them to the store.
// Guarantee: an operation runs on one node at a time, and what a node that was given up ends has no effect.
import type { ClientRef, Work, WorkState } from "@halyard/server";
import { hasSlot } from "./slot-operations.ts";
import { clientKey } from "./shared-state.ts";
import type { Operation, SharedState, StoredClient, StoredWork } from "./shared-state.ts";

const RECORD_MS = 300_000;
const MAX_SENDS = 32;
const MAX_REQUESTS = 96;
const MAX_REQUEST_CHARS = 256 * 1024;
const MAX_RESULT_CHARS = 16 * 1024;

export function begin(work: Work, node: string): Operation<WorkState> {
  return ({ state, now }) => {
    const client = clientOf(state, work.ref, now);
    const known = workOf(client, work.key);
    if (known !== undefined) return stateOf(known, { work, node, state });
    const started: StoredWork = { digest: work.digest, result: undefined, node };
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
    if (known?.node !== node || known.result !== undefined) return;
    if (typeof work.key === "string") {
      if (result === undefined || result.length > MAX_RESULT_CHARS) client.requests.delete(work.key);
      else {
        known.result = result;
        trimRequests(client);
      }
    } else if (result !== undefined) known.result = result;
    else {
      client.sends.delete(work.key);
      if (client.lastSeq === work.key) client.lastSeq--;
    }
  };
}

export function giveRoom(ref: ClientRef, room: string): Operation<void> {
  return ({ state, now }) => void clientOf(state, ref, now).rooms.add(room);
}

export function takeRoom(ref: ClientRef, room: string): Operation<void> {
  return ({ state, now }) => void clientOf(state, ref, now).rooms.delete(room);
}

export function givenRooms(ref: ClientRef): Operation<readonly string[]> {
  return ({ state, now }) => (state.clients.has(clientKey(ref)) ? [...clientOf(state, ref, now).rooms] : []);
}

function stateOf(
  known: StoredWork,
  { work, node, state }: { readonly work: Work; readonly node: string; readonly state: SharedState },
): WorkState {
  if (known.digest !== work.digest) return { state: "conflict" };
  if (known.result !== undefined) return { state: "done", result: known.result };
  const isAlive = [...state.leases.values()].some((lease) => lease.node === known.node);
  if (isAlive) return { state: "running" };
  known.node = node;
  return { state: "run" };
}

function clientOf(state: SharedState, ref: ClientRef, now: number): StoredClient {
  const key = clientKey(ref);
  const known = state.clients.get(key);
  const isOver =
    known !== undefined && now - known.usedAt > RECORD_MS && !hasSlot(state, ref.user, ref.client);
  if (known !== undefined && !isOver) {
    known.usedAt = now;
    return known;
  }
  const { user, client } = ref;
  const maps = { sends: new Map(), requests: new Map(), rooms: new Set<string>() };
  const created: StoredClient = { user, client, lastSeq: 0, ...maps, usedAt: now };
  state.clients.set(key, created);
  return created;
}

function workOf(client: StoredClient, key: Work["key"]): StoredWork | undefined {
  return typeof key === "number" ? client.sends.get(key) : client.requests.get(key);
}

function trimRequests({ requests }: StoredClient): void {
  const finished = [...requests].filter(([, { result }]) => result !== undefined);
  let chars = finished.reduce((sum, [, { result = "" }]) => sum + result.length, 0);
  let count = finished.length;
  for (const [id, { result = "" }] of finished) {
    if (count <= MAX_REQUESTS && chars <= MAX_REQUEST_CHARS) return;
    requests.delete(id);
    chars -= result.length;
    count--;
  }
}
