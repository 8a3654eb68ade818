import { dateOf } from "@halyard/protocol/internal";
import type { Clock } from "../common/clock.ts";
import type { OutboxStorage } from "../options.ts";

/** How long a page that is unloading may still hold its lock. */
const RELEASE_MS = 500;
/** How long the storage may take to list its content. */
const LOAD_MS = 2_000;

/** A number, its expiry date, whether it may have been written, and the text and channel of its message. */
type StoredEntry = readonly [
  seq: number,
  endsAt: number,
  isWritten: boolean,
  text?: string | undefined,
  channel?: string | null | undefined,
];

/** What a page leaves to the next one. Without a user (no welcome had arrived), it belongs to the user of the next welcome. */
export interface StoredOutbox {
  readonly user?: string | undefined;
  readonly tries: number;
  readonly sends: readonly StoredEntry[];
}

type Outboxes = Readonly<Record<string, StoredOutbox | undefined>>;

/** The outboxes in a storage, by client id. */
export interface OutboxRecords {
  read(): Promise<Outboxes>;
  /** Begins to write within the current task. */
  write(clientId: string, outbox: StoredOutbox | undefined): Promise<void>;
}

/** Stores all records in one text, written by one page. A change waits for the previous one, so that none undoes another. */
export function recordsIn(storage: OutboxStorage, key: string): OutboxRecords {
  let lastChange: Promise<unknown> = Promise.resolve();
  const read = async () => JSON.parse((await storage.getItem(key)) ?? "{}") as Outboxes;
  return {
    read,
    async write(clientId, outbox) {
      const change = async () => {
        const text = JSON.stringify({ ...(await read()), [clientId]: outbox });
        await (text === "{}" ? storage.removeItem(key) : storage.setItem(key, text));
      };
      lastChange = lastChange.then(change, change);
      await lastChange;
    },
  };
}

/** The client ids whose outbox this page owns. */
const owned = new Set<string>();

/** The outboxes of a server's clients. */
export class OutboxStore {
  readonly #clock: Clock;
  readonly #records: OutboxRecords;
  readonly #isShared: boolean;
  readonly #locks = (globalThis as { navigator?: Partial<Navigator> }).navigator?.locks;

  /** @param isShared whether other pages write to the storage, too */
  constructor(clock: Clock, records: OutboxRecords, isShared: boolean) {
    this.#clock = clock;
    this.#records = records;
    this.#isShared = isShared;
  }

  /** The difference between the date and the client's clock. */
  get toDate(): number {
    return dateOf(this.#clock) - this.#clock.now();
  }

  /** Rejects after 2 s: a browser may not answer at all, for example while another page keeps a database open that is to be deleted. */
  read(): Promise<Outboxes> {
    const deadline = new Promise<never>((_, reject) => {
      this.#clock.setTimeout(() => reject(new Error("outbox.storage does not answer")), LOAD_MS);
    });
    return Promise.race([this.#records.read(), deadline]);
  }

  /** Makes this page the owner of the outboxes of pages that have ended. @returns their client ids, the oldest first */
  async takeOver(): Promise<Set<string>> {
    const clientIds = Object.keys(await this.read()).filter((id) => !owned.has(id));
    const isOwner = await Promise.all(clientIds.map((clientId) => this.own(clientId)));
    const [left, others] = [true, false].map((is) => clientIds.filter((_, index) => isOwner[index] === is));
    // A duplicated tab has a copy of the other tab's outbox.
    if (!this.#isShared) for (const clientId of others ?? []) await this.set(clientId);
    return new Set(left);
  }

  async get(clientId: string): Promise<StoredOutbox | undefined> {
    return (await this.read())[clientId];
  }

  set(clientId: string, outbox?: StoredOutbox): Promise<void> {
    return this.#records.write(clientId, outbox);
  }

  /** Makes this page the owner of a client's outbox until the page ends. @returns false if another page owns it */
  async own(clientId: string): Promise<boolean> {
    // Without locks, only one page uses the storage.
    const isOwner = owned.has(clientId) || !this.#locks || (await this.#hold(this.#locks, clientId));
    if (isOwner) owned.add(clientId);
    return isOwner;
  }

  #hold(locks: LockManager, clientId: string): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = new AbortController();
      this.#clock.setTimeout(() => waiting.abort(), RELEASE_MS);
      const held = locks.request(`halyard:${clientId}`, { signal: waiting.signal }, () => {
        resolve(true);
        // Never resolves: the platform ends the lock with the page.
        return new Promise(() => {});
      });
      held.catch(() => resolve(false));
    });
  }
}
