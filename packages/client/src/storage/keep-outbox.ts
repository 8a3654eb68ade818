// Keeps messages without a reply across a reload: each change is stored, and the next page sends what is left.
// Loaded by the client with the option `outbox.storage`, and only then.
// A stored outbox belongs to one page at a time, and is sent with its original client id and numbers, only for its own user.
import type { PublicUser } from "@halyard/protocol";
import { callSafely } from "@halyard/protocol/internal";
import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import type { Outcome, Receipt } from "../common/receipt.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionState } from "../connection/connection-state.ts";
import type { Outbox, OutboxEntry } from "../messaging/outbox.ts";
import type { OutboxOptions, WebSocketClientOptions } from "../options.ts";
import { OutboxStore, recordsIn } from "./outbox-store.ts";
import type { StoredOutbox } from "./outbox-store.ts";

/** The part of a client that this module uses. */
interface KeptClient {
  /** The number is that of the last message of the current user, while the next one signs in. */
  readonly kept: readonly [Connection, Outbox, lastOfUser: number | undefined];
  join(room: string): unknown;
  onStateChange(listener: (state: ConnectionState) => unknown): () => void;
  onQueue(listener: () => unknown): () => void;
  connect(): void;
  close(): void;
}

export interface KeepOutboxParts {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  /** The page's own client, which waits while an earlier outbox is sent. */
  readonly ownClient: KeptClient;
  readonly reportError: (error: unknown) => void;
  readonly createClient: (options: WebSocketClientOptions) => KeptClient;
}

/**
 * Begins to store the outbox of the page's own client.
 *
 * @returns a function that sends what earlier pages left, before the own client connects; rejects if their user is signed out
 */
export async function keepOutbox(parts: KeepOutboxParts): Promise<() => Promise<void>> {
  const { clock, options, ownClient } = parts;
  const storage = options.outbox?.storage;
  const isShared = storage === "indexeddb";
  const key = `halyard:outbox:${typeof options.url === "function" ? "" : String(options.url)}:`;
  const records = isShared
    ? (await import("./indexed-db.ts")).recordsInIndexedDb(key)
    : recordsIn(typeof storage === "object" ? storage : sessionStorage, key);
  const store = new OutboxStore(clock, records, isShared);
  // Rejects where nothing can be kept.
  await store.read();
  keep(store, ownClient, parts);
  const left = await store.takeOver();
  let sending: Promise<void> | undefined;
  const sendLeft = async () => {
    for (const clientId of left) {
      await deliver(store, clientId, parts);
      left.delete(clientId);
    }
  };
  return () => (sending ??= sendLeft().finally(() => (sending = undefined)));
}

/** Stores the outbox with each change, in the same task. @returns a function that stops it */
function keep(store: OutboxStore, client: KeptClient, { reportError }: KeepOutboxParts): () => void {
  const [connection] = client.kept;
  let storedId = connection.clientId;
  let isDue = false;
  const save = async () => {
    const { clientId } = connection;
    // Another user has signed in, so the client id has changed.
    if (storedId !== clientId) await store.set(storedId);
    storedId = clientId;
    await store.own(clientId);
    isDue = false;
    await store.set(clientId, snapshotOf(client, store.toDate));
  };
  const onChange = () => {
    if (!isDue)
      save().catch((error: unknown) => {
        // The next change stores the outbox again, with the messages of this write.
        isDue = false;
        reportError(error);
      });
    isDue = true;
  };
  const unsubscribes = [client.onQueue(onChange), client.onStateChange(onChange)];
  onChange();
  return () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  };
}

/** @returns undefined if no message is left */
function snapshotOf({ kept }: KeptClient, toDate: number): StoredOutbox | undefined {
  const [{ state, attempt, user }, { entries }, lastOfUser = Infinity] = kept;
  const ofUser = entries.filter(({ seq }) => seq <= lastOfUser);
  // The rest belongs to a user who has no name yet, and one outbox has one user.
  const owner = isSettled(ofUser) ? undefined : user?.userId;
  // During an attempt, a message may be written before this is stored.
  const mayWrite = state.status === "connecting" || state.status === "open";
  const sends = (owner ? ofUser : entries).map(
    ({ seq, dueAt, isWritten, message }) =>
      [seq, dueAt + toDate, isWritten === true || mayWrite, message?.text, message?.channel] as const,
  );
  return isSettled(entries) ? undefined : { user: owner, tries: attempt, sends };
}

/** Connects as the earlier page's client until each of its messages has its reply, or the application closes its own client. */
async function deliver(store: OutboxStore, clientId: string, parts: KeepOutboxParts): Promise<void> {
  const left = await store.get(clientId);
  if (!left) return;
  const untold: (() => void)[] = [];
  const settle = (outcome: Outcome, seq: number, text: string) =>
    untold.push(() => tellReceipt({ ...outcome, id: messageIdOf(clientId, seq) }, text, parts));
  let client: KeptClient;
  try {
    client = createEarlier(clientId, left, { ...parts, settle, toDate: store.toDate });
  } catch (error) {
    // The record is not an outbox, but something that other code stored under its key.
    parts.reportError(error);
    return store.set(clientId);
  }
  await new Promise<unknown>((resolve, reject) => {
    let isKnown = !left.user;
    const onChange = () => {
      const [{ user, isOpen }, { entries }] = client.kept;
      // The messages stay stored for their user, who may come back, and nobody else hears of them.
      if (left.user && user?.userId !== left.user) return resolve(end());
      isKnown ||= isOpen;
      if (!isKnown) return;
      for (const tell of untold.splice(0)) tell();
      if (isSettled(entries)) resolve(end(store.set(clientId)));
    };
    const onClosed = ({ status }: ConnectionState) => {
      // Undelivered messages stay stored for the next page.
      if (status === "closed") resolve(end());
    };
    const unsubscribes = [
      // Before the changes are stored.
      client.onQueue(onChange),
      client.onStateChange(onChange),
      keep(store, client, parts),
      parts.ownClient.onStateChange(onClosed),
      client.onStateChange(onClosed),
      client.onStateChange(({ status }) => {
        if (status !== "authRequired") return;
        end();
        reject(new HalyardError("unauthenticated"));
      }),
    ];
    const end = <TResult>(result?: TResult) => {
      for (const unsubscribe of unsubscribes) unsubscribe();
      client.close();
      return result;
    };
    client.connect();
  });
}

/** Reports the outcome of an earlier page's message to the application. */
function tellReceipt(
  receipt: Receipt<unknown>,
  text: string,
  { options: { outbox }, reportError }: KeepOutboxParts,
): void {
  const report: OutboxOptions["onReceipt"] = ({ status, id }, { type }) => {
    const fate = receipt.status === "rejected" ? `rejected, ${receipt.error.message}` : status;
    if (status !== "delivered")
      reportError(new HalyardError("unavailable", `${type} ${id}, sent by an earlier page: ${fate}`));
  };
  const { onReceipt = report } = outbox ?? {};
  // A text that other code stored under the key may not be a frame.
  const tell = () => {
    const { type, $, ...fields } = JSON.parse(text) as Frame;
    const room = ($ as { ch?: string } | undefined)?.ch?.replace("room:", "");
    return onReceipt(receipt, { type, room, fields });
  };
  callSafely(tell, reportError);
}

interface EarlierParts extends KeepOutboxParts {
  readonly toDate: number;
  readonly settle: (outcome: Outcome, seq: number, text: string) => unknown;
}

function createEarlier(
  clientId: string,
  { user, tries, sends }: StoredOutbox,
  { options, createClient, settle, toDate }: EarlierParts,
): KeptClient {
  const client = createClient({ ...options, autoConnect: false, outbox: undefined });
  const [connection, outbox] = client.kept;
  connection.clientId = clientId;
  connection.attempt = tries;
  if (user) connection.user = { userId: user } as PublicUser;
  outbox.entries = sends.map(([seq, endsAt, isWritten, text, ch]) => {
    const channel = ch ?? undefined;
    // The server accepts a message to a room only from its members.
    if (channel) client.join(channel.replace("room:", ""));
    const message = text
      ? {
          type: "",
          channel,
          text,
          bytes: text.length,
          settle: (outcome: Outcome) => settle(outcome, seq, text),
        }
      : undefined;
    return { seq, dueAt: endsAt - toDate, expiresAt: endsAt, isWritten, message };
  });
  outbox.lastSeq = sends.at(-1)?.[0] ?? 0;
  outbox.flush();
  return client;
}

function isSettled(entries: readonly OutboxEntry[]): boolean {
  return entries.every(({ message }) => !message);
}
