import type { AuthContext, DBTransactionAdapter, Where } from "better-auth";
import type { ChangeListener } from "./store-changes.ts";
import { wrapMethod } from "./wrap-method.ts";

type Adapter = AuthContext["adapter"];
type Writes = Pick<DBTransactionAdapter, "delete" | "deleteMany" | "findMany" | "update" | "updateMany">;

interface Rows {
  readonly model: string;
  readonly where: Where[];
}

/** The organization plugin's tables that say who belongs where. */
const MODELS = new Set(["member", "teamMember"]);
const PAGE = 1_000;

/**
 * Hears who lost or changed a membership: left, was removed, got another role, or lost the whole organization. The
 * organization plugin has hooks for some of these and none for leaving, so the tables themselves are watched.
 *
 * @returns undoes it
 */
export function observeMemberships({ adapter }: AuthContext, listener: ChangeListener): () => void {
  const changed = (userId: string): void => listener({ kind: "changed", userId });
  const undo = observeWrites(adapter, changed);
  undo.push(
    wrapMethod(
      adapter,
      "transaction",
      (original) => (run) => runObserved(adapter, { original, run, changed }),
    ),
  );
  return () => undo.forEach((restore) => restore());
}

interface ObservedRun<TResult> {
  readonly original: Adapter["transaction"];
  readonly run: (transaction: DBTransactionAdapter) => Promise<TResult>;
  readonly changed: (userId: string) => void;
}

// What a transaction changes counts once it is committed.
async function runObserved<TResult>(
  adapter: Adapter,
  { original, run, changed }: ObservedRun<TResult>,
): Promise<TResult> {
  const userIds = new Set<string>();
  const result = await original((transaction) => {
    // A database without transactions hands out the adapter itself, which is observed already.
    if ((transaction as object) === adapter) return run(transaction);
    const observed = Object.create(transaction) as DBTransactionAdapter;
    observeWrites(observed, (userId) => userIds.add(userId));
    return run(observed);
  });
  userIds.forEach(changed);
  return result;
}

function observeWrites(adapter: Writes, changed: (userId: string) => void): (() => void)[] {
  const around = async <TResult>(rows: Rows, write: () => Promise<TResult>): Promise<TResult> => {
    const userIds = MODELS.has(rows.model) ? await userIdsOf(adapter, rows) : [];
    const result = await write();
    userIds.forEach(changed);
    return result;
  };
  return [
    wrapMethod(adapter, "delete", (original) => (rows) => around(rows, () => original(rows))),
    wrapMethod(adapter, "deleteMany", (original) => (rows) => around(rows, () => original(rows))),
    wrapMethod(adapter, "update", (original) => (rows) => around(rows, () => original(rows))),
    wrapMethod(adapter, "updateMany", (original) => (rows) => around(rows, () => original(rows))),
  ];
}

async function userIdsOf(adapter: Pick<Writes, "findMany">, { model, where }: Rows): Promise<Set<string>> {
  const userIds = new Set<string>();
  for (let offset = 0; ; offset += PAGE) {
    const query = { model, where, limit: PAGE, offset, sortBy: { field: "id", direction: "asc" as const } };
    const page = await adapter.findMany<{ userId: string }>(query).catch(() => []);
    for (const { userId } of page) userIds.add(userId);
    if (page.length < PAGE) return userIds;
  }
}
