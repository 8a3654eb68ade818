// The parts that every Better Auth of a test has: passwords, session storage, and the cookies of a browser.
// Used by the fixtures, by the suites and by the unit tests of @halyard/better-auth.
import type { BetterAuthOptions } from "better-auth";

/** Where Better Auth stores sessions: the three ways that behave differently. */
export type StorageMode = "database" | "secondary storage" | "cookie cache";
export const STORAGE_MODES: readonly StorageMode[] = ["database", "secondary storage", "cookie cache"];

/** Passwords whose hash costs no CPU: no test measures a hash, and no test waits for one. */
export const testPasswords = {
  enabled: true,
  password: {
    hash: async (word: string): Promise<string> => `#${word}`,
    verify: async ({
      hash,
      password,
    }: {
      readonly hash: string;
      readonly password: string;
    }): Promise<boolean> => hash === `#${password}`,
  },
};

/** @param entries the secondary storage, which only the mode of that name uses */
export function sessionStorage(
  mode: StorageMode,
  entries: Map<string, string>,
): Pick<BetterAuthOptions, "session" | "secondaryStorage"> {
  return {
    session: { cookieCache: { enabled: mode === "cookie cache", maxAge: 300 } },
    ...(mode === "secondary storage" && { secondaryStorage: secondaryStorage(entries) }),
  };
}

function secondaryStorage(entries: Map<string, string>): NonNullable<BetterAuthOptions["secondaryStorage"]> {
  return {
    get: (key) => entries.get(key) ?? null,
    set: (key, value) => void entries.set(key, value),
    delete: (key) => void entries.delete(key),
    getAndDelete: (key) => {
      const value = entries.get(key) ?? null;
      entries.delete(key);
      return value;
    },
    increment: (key) => {
      const next = Number(entries.get(key) ?? 0) + 1;
      entries.set(key, String(next));
      return next;
    },
  };
}

/** The `Cookie` header that a browser sends after this response. */
export function cookieOf({ headers }: Response): string {
  const jar = new Map<string, string>();
  for (const line of headers.getSetCookie()) {
    const [pair = ""] = line.split(";", 1);
    const [name = ""] = pair.split("=", 1);
    if (/max-age=0/i.test(line)) jar.delete(name);
    else jar.set(name, pair);
  }
  return [...jar.values()].join("; ");
}
