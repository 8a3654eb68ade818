// The queries of the demo to the table of users of Better Auth.
import { z } from "zod";
import type { Database } from "./database.ts";
import { nameKey } from "./display-name.ts";

const User = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string().nullable(),
  isAnonymous: z.number().nullable(),
});

interface MarkedUser {
  readonly userId: string;
  readonly role: "admin" | "guest";
}

/** The admins and the guests among these users. */
export function rolesOf(database: Database, userIds: readonly string[]): MarkedUser[] {
  const rows = database
    .prepare(
      `SELECT "id", "name", "role", "isAnonymous" FROM "user" WHERE "id" IN (SELECT value FROM json_each(?))`,
    )
    .all(JSON.stringify(userIds));
  return z
    .array(User)
    .parse(rows)
    .flatMap(({ id, role, isAnonymous }): MarkedUser[] => {
      if (role === "admin") return [{ userId: id, role }];
      return isAnonymous ? [{ userId: id, role: "guest" }] : [];
    });
}

/** Whether another account has this name, or one that looks alike. */
export function isNameTaken(database: Database, name: string, ownId: string | undefined): boolean {
  const key = nameKey(name);
  return accountsIn(database).some((account) => account.id !== ownId && nameKey(account.name) === key);
}

export function hasAccounts(database: Database): boolean {
  return accountsIn(database).length > 0;
}

function accountsIn(database: Database): z.infer<typeof User>[] {
  const rows = database
    .prepare(`SELECT "id", "name", "role", "isAnonymous" FROM "user" WHERE coalesce("isAnonymous", 0) = 0`)
    .all();
  return z.array(User).parse(rows);
}
