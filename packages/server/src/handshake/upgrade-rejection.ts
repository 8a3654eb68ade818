// The HTTP answers that reject an upgrade, and the validation of its headers.
// Called by UpgradeHandler, UpgradeGuard and the adapter of each runtime.
// Guarantees: no rejection has a body or is cached; an error of the application never reaches the client as text.
import type { GetHeader } from "../security/client-address.ts";
import type { ErrorCode } from "@halyard/protocol/wire";
import { toHalyardError } from "../utils/errors.ts";
import type { SecurityEvent } from "../security-event.ts";
import type { UpgradeRequest } from "../types.ts";
import type { RateLimited } from "./upgrade-limiter.ts";

/** The answer to a rejected upgrade, or to a plain GET. Never has a body. */
export interface UpgradeRejection {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For the security log; undefined when nothing was refused. */
  readonly reason: UpgradeRefusalReason | undefined;
  /** The user, if the request was authenticated. */
  readonly userId?: string | undefined;
}

/** The reasons that the security log distinguishes. */
type UpgradeRefusalReason = Extract<SecurityEvent, { readonly kind: "upgrade_refused" }>["reason"];

/** Reads the headers of a request by name. */
export function headersOf(request: Pick<UpgradeRequest, "headers">): GetHeader {
  return (name) => request.headers.get(name);
}

/** Marks an answer as Halyard's own: a 401 or 403 of a proxy says nothing about the user. */
const OWN_ANSWER = { halyard: "1" };

/** @param reason for the security log; undefined when nothing was refused */
export function rejection(
  status: number,
  reason: UpgradeRejection["reason"],
  headers: Readonly<Record<string, string>> = {},
): UpgradeRejection {
  return {
    status,
    reason,
    headers: { ...OWN_ANSWER, "cache-control": "no-store", "content-length": "0", ...headers },
  };
}

/** The `Retry-After` header, in whole seconds. */
export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.ceil(ms / 1_000)) };
}

/** Rejects with 429 for a limit of the client, with 503 when the whole node is busy. */
export function rejectRateLimited({ limit, retryAfterMs }: RateLimited): UpgradeRejection {
  return rejection(isLimitOfNode(limit) ? 503 : 429, limit, retryAfter(retryAfterMs));
}

/** Whether a request was rejected by a limit, not because of its content. */
export function isRateLimited({ status, reason }: UpgradeRejection): boolean {
  return status === 429 || isLimitOfNode(reason);
}

function isLimitOfNode(reason: UpgradeRejection["reason"]): boolean {
  return reason === "handshakes" || reason === "sheddingLagMs";
}

/** The rejection for an error of an authenticator. An unknown error becomes 503, because the client may be legitimate. */
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

/** The answer to a browser's CORS preflight for {@link TICKET_HEADER}. The CORS headers are added to it. */
export const PREFLIGHT = rejection(200, undefined, { allow: "GET" });

/** The answer to requests on the WebSocket path with a method other than GET. */
export const METHOD_NOT_ALLOWED = rejection(405, "bad_request", { allow: "GET" });

/** 16 bytes in base64, as in `Sec-WebSocket-Key`. */
const KEY = /^[+/\dA-Za-z]{22}==$/;

/**
 * Validates the handshake itself (RFC 6455, section 4.2.1), before authentication.
 *
 * @returns undefined when it is valid
 */
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
