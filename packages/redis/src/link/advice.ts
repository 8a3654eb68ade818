// Adds advice to connection failures that are caused by wrong settings. Used by connection.ts, calls.ts, rights.ts
// and health.ts.
import { SetupError } from "../common/setup-error.ts";

const ADVICE: readonly (readonly [pattern: RegExp, line: string])[] = [
  [
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|not connected/,
    'Start Redis, or write its address: redisBackplane({ url: "redis://host:6379" })',
  ],
  [
    /^(READONLY|MASTERDOWN)/,
    'This Redis is a replica. Write the address of its primary: redisBackplane({ url: "redis://primary:6379" })',
  ],
  [
    /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b/,
    'This Redis is a node of a cluster. Write the address of a standalone one: redisBackplane({ url: "redis://host:6379" })',
  ],
];
const NEEDS = "What the user needs is in the README of @halyard/redis, under “The least user”";

/** A failure in words; if the settings are to blame, with the line to write instead. */
export function withLine(failure: string): string {
  const line = isRefusalText(failure)
    ? adviceOnRights(failure)
    : ADVICE.find(([pattern]) => pattern.test(failure))?.[1];
  return line === undefined ? failure : `${failure}. ${line}`;
}

/** Whether Redis refused a command because of the user's rights. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && isRefusalText(error.message);
}

/**
 * Turns a refused first connection into a SetupError, because it is a mistake in the settings, which waiting would hide.
 * A later refusal means that a password or user is being changed.
 */
export function asSetupError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message } = error;
  if (isRefusal(error))
    return new SetupError(`redisBackplane: Redis refuses this user: ${withLine(message)}`);
  if (!/^(WRONGPASS|NOAUTH)/.test(message)) return error;
  const line = 'redisBackplane({ url: "redis://user:password@host:6379" })';
  return new SetupError(`redisBackplane: Redis refuses this user: ${message}. Write ${line}. ${NEEDS}`);
}

/** Recognizes refusals by their text, because a script of Redis 7.0 that is refused halfway ends without the word NOPERM. */
function isRefusalText(failure: string): boolean {
  return /NOPERM|user executing the script can't|ACL failure|no permissions/i.test(failure);
}

function adviceOnRights(failure: string): string {
  const commands = [...failure.matchAll(/'([a-z|]+)'/g)].map(([, name = ""]) => `+${name}`);
  if (commands.length === 0) return NEEDS;
  return `Write ACL SETUSER app ${commands.join(" ")}, where app is the user of the URL. ${NEEDS}`;
}
