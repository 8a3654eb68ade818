// Reports the users whose membership in an organization or team, or whose API key changes, by wrapping Better Auth's
// database adapter. The session watch starts it if such a plugin is used, and ends it when the watch stops.
// Guarantees that a change inside a transaction is reported after the transaction has committed.
import type { AuthContext, DBTransactionAdapter, Where } from "better-auth";
import type { ChangeListener } from "./store-changes.ts";
import { wrapMethod } from "./wrap-method.ts";

type Adapter = AuthContext["adapter"];
type WriteMethods = Pick<
  DBTransactionAdapter,
  "delete" | "deleteMany" | "findMany" | "update" | "updateMany"
>;

interface RowSelection {
  readonly model: string;
  readonly where: Where[];
  /** The new values of an update. */
  readonly update?: object;
}

/** The tables that determine what a user may do, with the column of the user. */
const USER_COLUMNS: Readonly<Record<string, string>> = {
  member: "userId",
  teamMember: "userId",
  apikey: "referenceId",
};
const PAGE_SIZE = 1_000;
/** How many users are reported at once. */
const BATCH_SIZE = 100;

/**
 * Reports each user who loses or changes an API key or a membership: who leaves, is removed, gets another role, or whose organization
 * is deleted. The organization plugin has hooks for some of these and none for leaving, so the tables are observed.
 *
 * @returns a function that ends the observation
 */
export function observeMemberships(
  { adapter, hasPlugin }: Pick<AuthContext, "adapter" | "hasPlugin">,
  listener: ChangeListener,
): () => void {
  if (!hasPlugin("organization") && !hasPlugin("api-key")) return () => undefined;
  const report = async (userId: string): Promise<void> => listener({ kind: "changed", userId });
  const onChanged = async (userIds: Iterable<string>): Promise<void> => {
    const all = [...userIds];
    for (let start = 0; start < all.length; start += BATCH_SIZE)
      await Promise.all(all.slice(start, start + BATCH_SIZE).map(report));
  };
  const undo = observeWrites(adapter, onChanged);
  undo.push(
    wrapMethod(
      adapter,
      "transaction",
      (original) => (run) => runObserved(adapter, { original, run, onChanged }),
    ),
  );
  return () => undo.forEach((restore) => restore());
}

type OnChanged = (userIds: Iterable<string>) => void | Promise<void>;

interface ObservedRun<TResult> {
  readonly original: Adapter["transaction"];
  readonly run: (transaction: DBTransactionAdapter) => Promise<TResult>;
  readonly onChanged: OnChanged;
}

async function runObserved<TResult>(
  adapter: Adapter,
  { original, run, onChanged }: ObservedRun<TResult>,
): Promise<TResult> {
  const userIds = new Set<string>();
  const result = await original((transaction) => {
    // A database without transactions passes the adapter itself, which is already observed.
    if ((transaction as object) === adapter) return run(transaction);
    const observed = Object.create(transaction) as DBTransactionAdapter;
    observeWrites(observed, (changed) => {
      for (const userId of changed) userIds.add(userId);
    });
    return run(observed);
  });
  await onChanged(userIds);
  return result;
}

function observeWrites(adapter: WriteMethods, onChanged: OnChanged): (() => void)[] {
  const wrapWrite = async <TResult>(rows: RowSelection, write: () => Promise<TResult>): Promise<TResult> => {
    // The rows contain the user ids, so they are read before the write.
    const userIds = await userIdsOf(adapter, rows);
    const result = await write();
    await onChanged(userIds);
    return result;
  };
  return [
    wrapMethod(adapter, "delete", (original) => (rows) => wrapWrite(rows, () => original(rows))),
    wrapMethod(adapter, "deleteMany", (original) => (rows) => wrapWrite(rows, () => original(rows))),
    wrapMethod(adapter, "update", (original) => (rows) => wrapWrite(rows, () => original(rows))),
    wrapMethod(adapter, "updateMany", (original) => (rows) => wrapWrite(rows, () => original(rows))),
  ];
}

async function userIdsOf(
  adapter: Pick<WriteMethods, "findMany">,
  { model, where, update }: RowSelection,
): Promise<Set<string>> {
  const column = USER_COLUMNS[model];
  const userIds = new Set<string>();
  // Using an API key updates its counters, which do not affect rights.
  if (column === undefined || (model === "apikey" && isUseOfKey(update))) return userIds;
  for (let offset = 0; ; offset += PAGE_SIZE) {
    const sortBy = { field: "id", direction: "asc" as const };
    const query = { model, where, limit: PAGE_SIZE, offset, sortBy };
    const page = await adapter.findMany<Readonly<Record<string, string>>>(query).catch(() => []);
    for (const { [column]: userId } of page) if (userId !== undefined) userIds.add(userId);
    if (page.length < PAGE_SIZE) return userIds;
  }
}

function isUseOfKey(update: object | undefined): boolean {
  return update !== undefined && !("enabled" in update || "expiresAt" in update);
}
