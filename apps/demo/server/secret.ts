import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Reads the secret beside the database, and creates a missing one, which only this user can read. Sessions survive a restart by it.
 *
 * @throws Error for an empty one, of a process that has ended before it was written
 */
export function keepSecret(databasePath: string): string {
  const path = join(dirname(databasePath), "secret");
  try {
    writeFileSync(path, randomBytes(32).toString("base64url"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
  const secret = readFileSync(path, "utf8");
  // Better Auth would sign with a secret that everybody knows.
  if (secret === "") throw new Error(`${path} is empty: delete it`);
  return secret;
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
