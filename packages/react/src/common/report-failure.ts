import type { SendError } from "@halyard/client";

/** Tells the developer of a page why a hook has nothing to show, because a component may read no `error`. */
export function reportFailure(call: string, error: unknown): void {
  const { code, issues } = Object(error) as Partial<SendError>;
  const hint = code === "forbidden" || code === "internal" ? `${code}; the server's log says more:` : code;
  // eslint-disable-next-line no-console -- for the developer of a page; nothing else shows it
  console.error(`[halyard] ${call} failed:`, ...[hint ?? [], error, issues ?? []].flat());
}
