// What to write, for the failures of a connection that are mistakes of the settings. Used by connection.ts and health.ts.
import { SetupError } from "../common/setup-error.ts";

const ADVICE: readonly (readonly [pattern: RegExp, line: string])[] = [
  [
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|not connected/,
    'Start Redis, or write its address: redisBackplane({ url: "redis://host:6379" })',
  ],
  [
    /^READONLY/,
    'This Redis is a replica. Write the address of its primary: redisBackplane({ url: "redis://primary:6379" })',
  ],
];

/** A failure in words, with the line to write where the settings are to blame. */
export function withLine(failure: string): string {
  const line = ADVICE.find(([pattern]) => pattern.test(failure))?.[1];
  return line === undefined ? failure : `${failure}. ${line}`;
}

/**
 * A first connection that is refused is a mistake in the settings, and waiting hides it. Later it is a password that is being
 * changed.
 */
export function asSetupError(error: unknown): unknown {
  if (!(error instanceof Error) || !/^(NOPERM|WRONGPASS|NOAUTH)/.test(error.message)) return error;
  const line = 'redisBackplane({ url: "redis://user:password@host:6379" })';
  const advice = `Write ${line}. What the user needs is in the README of @halyard/redis, under “The least user”`;
  return new SetupError(`redisBackplane: Redis refuses this user: ${error.message}. ${advice}`);
}
