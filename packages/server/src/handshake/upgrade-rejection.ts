import type { GetHeader } from "../security/client-address.ts";
import type { ErrorCode } from "@halyard/protocol/wire";
import { toHalyardError } from "../utils/errors.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { UpgradeRequest } from "../types.ts";
import type { RateLimited } from "./upgrade-limiter.ts";

/** The answer to an upgrade that is not let in, or to a plain GET. Never has a body. */
export interface UpgradeRejection {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For the security log; undefined when nobody was refused anything. */
  readonly reason: UpgradeRefusalReason | undefined;
  readonly userId?: string | undefined;
}

export type UpgradeRefusalReason = Extract<SecurityEvent, { readonly kind: "upgrade_refused" }>["reason"];

export function headersOf(request: UpgradeRequest): GetHeader {
  return (name) => request.headers.get(name);
}

export function rejection(
  status: number,
  reason: UpgradeRejection["reason"],
  headers: Readonly<Record<string, string>> = {},
): UpgradeRejection {
  return { status, reason, headers: { "cache-control": "no-store", "content-length": "0", ...headers } };
}

export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.ceil(ms / 1_000)) };
}

/** Whoever has to wait is told so; that the whole node is busy is nobody's fault. */
export function rejectRateLimited({ limit, retryAfterMs }: RateLimited): UpgradeRejection {
  return rejection(limit === "handshakes" ? 503 : 429, limit, retryAfter(retryAfterMs));
}

/** What an authenticator threw. One that fails knows nothing: the door stays shut, and nobody is called a stranger for it. */
export function rejectionFrom(error: unknown): UpgradeRejection {
  const { code, retryAfterMs = 1_000 } = toHalyardError(error);
  const { status, reason } = REJECTIONS[code] ?? { status: 503, reason: "unavailable" };
  return rejection(status, reason, status === 401 || status === 403 ? {} : retryAfter(retryAfterMs));
}

const REJECTIONS: Partial<Record<ErrorCode, Pick<UpgradeRejection, "status" | "reason">>> = {
  unauthenticated: { status: 401, reason: "unauthenticated" },
  forbidden: { status: 403, reason: "forbidden" },
  rate_limited: { status: 429, reason: "rate_limited" },
  timeout: { status: 503, reason: "handshakeMs" },
};

export const METHOD_NOT_ALLOWED = rejection(405, "bad_request", { allow: "GET" });

const KEY = /^[+/\dA-Za-z]{22}==$/;

/** What is wrong with the handshake itself (RFC 6455 §4.2.1), seen before anybody is asked who they are. */
export function validateHandshake(
  method: string | undefined,
  header: GetHeader,
): UpgradeRejection | undefined {
  if (method !== "GET") return METHOD_NOT_ALLOWED;
  if (header("upgrade")?.toLowerCase() !== "websocket") {
    return rejection(426, "bad_request", { upgrade: "websocket" });
  }
  const version = header("sec-websocket-version");
  if (version !== "13" && version !== "8") {
    return rejection(400, "bad_request", { "sec-websocket-version": "13, 8" });
  }
  return KEY.test(header("sec-websocket-key") ?? "") ? undefined : rejection(400, "bad_request");
}
