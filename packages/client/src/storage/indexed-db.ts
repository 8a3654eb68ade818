import type { OutboxRecords, StoredOutbox } from "./outbox-store.ts";

const STORE = "outbox";

/** Opens a database with one record for each outbox, so that pages of one origin do not write to the same record. */
export async function openIndexedDb(prefix: string): Promise<OutboxRecords> {
  const opening = indexedDB.open("halyard", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await resultOf(opening);
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE);
  return {
    async read() {
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const records = store("readonly");
      const [keys, outboxes] = await Promise.all([
        resultOf(records.getAllKeys(range) as IDBRequest<string[]>),
        resultOf(records.getAll(range) as IDBRequest<StoredOutbox[]>),
      ]);
      return Object.fromEntries(keys.map((key, index) => [key.slice(prefix.length), outboxes[index]]));
    },
    async write(clientId, outbox) {
      const records = store("readwrite");
      const key = prefix + clientId;
      await (outbox ? resultOf(records.put(outbox, key)) : resultOf(records.delete(key)));
    },
  };
}

function resultOf<TResult>(request: IDBRequest<TResult>): Promise<TResult> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Error("IndexedDB", { cause: request.error }));
  });
}
