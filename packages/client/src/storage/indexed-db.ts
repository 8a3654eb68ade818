import type { OutboxRecords, StoredOutbox } from "./outbox-store.ts";

const STORE = "outbox";

/** A database with one record for each outbox, so that pages of one origin do not write to the same record. It is opened when it is used. */
export function recordsInIndexedDb(prefix: string): OutboxRecords {
  let database: IDBDatabase | undefined;
  const store = async (mode: IDBTransactionMode) => {
    if (!database) {
      const opening = indexedDB.open("halyard", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      database = await resultOf(opening);
      // Another page deletes the database, which waits for all connections to it. The next change makes a new one.
      database.onversionchange = () => {
        opening.result.close();
        database = undefined;
      };
    }
    return database.transaction(STORE, mode).objectStore(STORE);
  };
  return {
    async read() {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const records = await store("readonly");
      const [keys, outboxes] = await Promise.all([
        resultOf(records.getAllKeys(range) as IDBRequest<string[]>),
        resultOf(records.getAll(range) as IDBRequest<StoredOutbox[]>),
      ]);
      return Object.fromEntries(keys.map((key, index) => [key.slice(prefix.length), outboxes[index]]));
    },
    async write(clientId, outbox) {
      const records = await store("readwrite");
      const key = prefix + clientId;
      await (outbox ? resultOf(records.put(outbox, key)) : resultOf(records.delete(key)));
    },
  };
}

function resultOf<TResult>(request: IDBRequest<TResult>): Promise<TResult> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a DOMException: null only while a request runs
    request.onerror = () => reject(request.error);
  });
}
