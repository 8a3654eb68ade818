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

const MESSAGES: Readonly<Record<CauseKind, string>> = {
  offline: "The browser is offline.",
  unreachable: "No answer to be read: check that the server runs at url, and trusts this page's origin.",
  refused: "An HTTP answer and no WebSocket: check status, the path of url, and proxies.",
  lost: "The connection broke.",
  closed: "The server closed the connection: see code and reason.",
  kicked: "The server disconnected this user: see code and reason.",
  replaced: "A newer connection of this client took its place.",
  outdated: "The server needs a newer contract: load the page anew.",
  option: "url, ticket or WebSocket failed.",
  local: "No connection was asked for, or close() was called.",
};

/** @param details a message here takes the place of the usual one */
export function causeOf(kind: CauseKind, details?: Partial<Omit<ConnectionCause, "kind">>): ConnectionCause {
  return { kind, message: MESSAGES[kind], ...details };
}

/** `url`, `ticket` or the constructor of the sockets has thrown. */
export function causeOfError(error: unknown): ConnectionCause {
  return causeOf("option", { message: String(error) });
}

const KINDS_OF_CODES: Readonly<Record<number, CauseKind>> = {
  1006: "lost",
  4401: "kicked",
  4403: "kicked",
  4409: "replaced",
  4410: "kicked",
  4426: "outdated",
};

/** An open connection was closed. */
export function causeOfClose(code: number, reason: string): ConnectionCause {
  const kind = KINDS_OF_CODES[code] ?? "closed";
  return kind === "lost" ? causeOf(orOffline(kind)) : causeOf(kind, { code, reason });
}

/** A failure without an answer has another cause where the browser knows that there is no network. */
export function orOffline(kind: CauseKind): CauseKind {
  const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
  return navigator?.onLine === false ? "offline" : kind;
}
