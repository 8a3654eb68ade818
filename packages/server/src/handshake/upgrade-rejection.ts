import type { ErrorCode } from "@halyard/protocol/wire";
import { toHalyardError } from "../utils/errors.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { UpgradeRequest } from "../types.ts";
import type { Queue } from "./upgrade-limiter.ts";

/** The answer to an upgrade that is not let in, or to a plain GET. Never has a body. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For the security log; undefined when nobody was refused anything. */
  readonly reason: UpgradeRefusalReason | undefined;
  readonly userId?: string | undefined;
}

export type UpgradeRefusalReason = Extract<SecurityEvent, { readonly kind: "upgrade_refused" }>["reason"];

/** A request header by its name in lower case, without anything made for those that nobody asks for. */
export type HeaderLookup = (name: string) => string | null | undefined;

export function lookUpIn(request: UpgradeRequest): HeaderLookup {
  return (name) => request.headers.get(name);
}

export function refusal(
  status: number,
  reason: Refusal["reason"],
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return { status, reason, headers: { "cache-control": "no-store", "content-length": "0", ...headers } };
}

export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.ceil(ms / 1_000)) };
}

/** Whoever has to wait is told so; that the whole node is busy is nobody's fault. */
export function refuseQueued({ limit, retryAfterMs }: Queue): Refusal {
  return refusal(limit === "handshakes" ? 503 : 429, limit, retryAfter(retryAfterMs));
}

/** What an authenticator threw. One that fails knows nothing: the door stays shut, and nobody is called a stranger for it. */
export function refuseError(error: unknown): Refusal {
  const { code, retryAfterMs = 1_000 } = toHalyardError(error);
  const { status, reason } = REFUSALS[code] ?? { status: 503, reason: "unavailable" };
  return refusal(status, reason, status === 401 || status === 403 ? {} : retryAfter(retryAfterMs));
}

const REFUSALS: Partial<Record<ErrorCode, Pick<Refusal, "status" | "reason">>> = {
  unauthenticated: { status: 401, reason: "unauthenticated" },
  forbidden: { status: 403, reason: "forbidden" },
  rate_limited: { status: 429, reason: "rate_limited" },
  timeout: { status: 503, reason: "handshakeMs" },
};

export const METHOD_NOT_ALLOWED = refusal(405, "bad_request", { allow: "GET" });

const KEY = /^[+/\dA-Za-z]{22}==$/;

/** What is wrong with the handshake itself (RFC 6455 §4.2.1), seen before anybody is asked who they are. */
export function faultOf(method: string | undefined, header: HeaderLookup): Refusal | undefined {
  if (method !== "GET") return METHOD_NOT_ALLOWED;
  if (header("upgrade")?.toLowerCase() !== "websocket") {
    return refusal(426, "bad_request", { upgrade: "websocket" });
  }
  const version = header("sec-websocket-version");
  if (version !== "13" && version !== "8") {
    return refusal(400, "bad_request", { "sec-websocket-version": "13, 8" });
  }
  return KEY.test(header("sec-websocket-key") ?? "") ? undefined : refusal(400, "bad_request");
}
