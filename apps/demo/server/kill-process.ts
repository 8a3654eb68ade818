/** The time after its start for which the server lives in any case, so that visitors see it up between two kills, in ms. */
const MIN_UPTIME_MS = 3_000;

export interface KillOptions {
  readonly uptimeMs?: (() => number) | undefined;
  readonly kill?: (() => unknown) | undefined;
}

/** Creates a function that ends this process as a failure of its machine would: without closes, writes or announcements. */
export function createKill({
  uptimeMs = () => process.uptime() * 1_000,
  kill = () => process.kill(process.pid, "SIGKILL"),
}: KillOptions = {}): () => void {
  return () => void setTimeout(kill, Math.max(0, MIN_UPTIME_MS - uptimeMs()));
}
