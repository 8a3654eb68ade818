/**
 * Why there is no connection. `offline`: the browser says so. `unreachable`: no answer. `refused`: an HTTP answer, see
 * `status`. `lost`: broken, or silent for too long. `closed`: by the server, see `code`. `kicked`: by `disconnectUser`
 * and its like. `replaced`: by a newer connection. `outdated`: the contract. `option`: `url`, `ticket` or `WebSocket`
 * failed. `local`: `close()`, not started yet, or a page that sleeps.
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

/** Why there is no connection, for the application and for its developer. */
export interface ConnectionCause {
  readonly kind: CauseKind;
  /** A sentence for a developer, with what to check. */
  readonly message: string;
  /** The HTTP status of the handshake, where it is known. */
  readonly status?: number | undefined;
  /** The close code of the server. */
  readonly code?: number | undefined;
  /** The reason that came with the close code. */
  readonly reason?: string | undefined;
}

/** `option` has the message of its error. */
const MESSAGES: Readonly<Partial<Record<CauseKind, string>>> = {
  offline: "The browser is offline.",
  unreachable:
    "No answer: check that the server runs at url, that a dev proxy passes its path, and that it trusts this page's origin.",
  lost: "The connection broke.",
  closed: "The server closed: see code and reason.",
  kicked: "The server disconnected this user: see code and reason.",
  replaced: "A newer connection of this client took over.",
  outdated: "The server needs a newer contract: reload the page.",
  local: "Not started, or closed by close().",
};

/** A failure without an answer has another cause where the browser knows that there is no network. */
export function causeOf(
  kind: CauseKind,
  details?: Readonly<Partial<Omit<ConnectionCause, "kind">>>,
): ConnectionCause {
  const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
  const isSilent = kind === "lost" || kind === "unreachable";
  const known = isSilent && navigator?.onLine === false ? "offline" : kind;
  return { kind: known, message: MESSAGES[known] ?? "", ...details };
}

/** The handshake got an HTTP answer. */
export function causeOfStatus(status: number): ConnectionCause {
  let hint = "check the path of url, and proxies.";
  if (status === 401 || status === 403) hint = "authenticate said no.";
  if (status === 429) hint = "too many connections: make one client for all components.";
  if (status >= 500) hint = "the server, or the one behind the proxy, is not ready.";
  return causeOf("refused", { status, message: `No WebSocket, HTTP ${String(status)}: ${hint}` });
}

/** `url`, `ticket` or the constructor of the sockets has thrown. */
export function causeOfError(error: unknown): ConnectionCause {
  return causeOf("option", { message: String(error) });
}

const KINDS_OF_CODES: Readonly<Record<number, CauseKind>> = {
  4401: "kicked",
  4403: "kicked",
  4409: "replaced",
  4410: "kicked",
  4426: "outdated",
};

/** An open connection was closed. */
export function causeOfClose(code: number, reason: string): ConnectionCause {
  return code === 1006 ? causeOf("lost") : causeOf(KINDS_OF_CODES[code] ?? "closed", { code, reason });
}
