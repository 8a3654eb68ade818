/**
 * Why there is no connection. `offline`: the browser says so. `unreachable`: no answer. `refused`: an HTTP answer, see
 * `status`. `lost`: broken, or silent for too long. `closed`: by the server, see `code`. `kicked`: by `disconnectUser` or
 * a similar call. `replaced`: by a newer connection. `outdated`: the contract is too old. `option`: `url`, `ticket` or `WebSocket`
 * failed. `local`: `close()` was called, the client was not started yet, or the page sleeps.
 */
export type CauseKind =
  | "offline"
  | "unreachable"
  | "refused"
  | "lost"
  | "closed"
  | "kicked"
  | "replaced"
  | "outdated"
  | "option"
  | "local";

/** Why there is no connection, for the application and its developer. */
export interface ConnectionCause {
  readonly kind: CauseKind;
  /** A sentence for a developer, with what to check. */
  readonly message: string;
  /** The HTTP status of the handshake, if known. */
  readonly status?: number | undefined;
  /** The close code of the server. */
  readonly code?: number | undefined;
  /** The reason that came with the close code. */
  readonly reason?: string | undefined;
}

/** The messages of the causes. `option` and `refused` have one of their own; a close by the server is described by its code and reason. */
const MESSAGES: Readonly<Partial<Record<CauseKind, string>>> = {
  offline: "The browser is offline.",
  unreachable:
    "No answer: check that the server runs at url, that a dev proxy passes its path, and that it trusts this page's origin.",
  lost: "The connection broke.",
  replaced: "A newer connection took over.",
  outdated: "The server needs a newer contract: reload the page.",
  local: "Not started, or closed.",
};

/** The cause of a failure without an answer: `offline` if the browser knows that there is no network. */
export function causeOf(
  kind: CauseKind,
  details?: Readonly<Partial<Omit<ConnectionCause, "kind">>>,
): ConnectionCause {
  const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
  const isSilent = kind === "lost" || kind === "unreachable";
  const known = isSilent && navigator?.onLine === false ? "offline" : kind;
  return { kind: known, message: MESSAGES[known] ?? "The server closed: see code and reason.", ...details };
}

/** The cause for an HTTP answer to the handshake. */
export function causeOfStatus(status: number): ConnectionCause {
  let hint = "check the path of url, and proxies.";
  if (status === 401 || status === 403) hint = "authenticate, the allowed origins or a proxy said no.";
  if (status === 429) hint = "too many connections: make one client for all components.";
  if (status >= 500) hint = "the server, or the one behind the proxy, is not ready.";
  return causeOf("refused", { status, message: `No WebSocket, HTTP ${status}: ${hint}` });
}

const KINDS_OF_CODES: Readonly<Record<number, CauseKind>> = {
  4401: "kicked",
  4403: "kicked",
  4409: "replaced",
  4410: "kicked",
  4426: "outdated",
};

/** The cause for the close of an open connection. */
export function causeOfClose(code: number, reason: string): ConnectionCause {
  return code === 1006 ? causeOf("lost") : causeOf(KINDS_OF_CODES[code] ?? "closed", { code, reason });
}
