// HTTP answers that reject an upgrade, and the validation of its headers.
// Called by UpgradeHandler, UpgradeGuard and the glue of each runtime.
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

/** The reasons that the security log knows. */
type UpgradeRefusalReason = Extract<SecurityEvent, { readonly kind: "upgrade_refused" }>["reason"];

/** Reads the headers of a request by name. */
export function headersOf(request: Pick<UpgradeRequest, "headers">): GetHeader {
  return (name) => request.headers.get(name);
}

/** By this header a client knows an answer of Halyard from that of a proxy, whose 401 or 403 is not about the user. */
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

/** The header that says when to try again, in whole seconds. */
export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.ceil(ms / 1_000)) };
}

/** 429 for a limit of the client's own, 503 when the whole node is busy. */
export function rejectRateLimited({ limit, retryAfterMs }: RateLimited): UpgradeRejection {
  return rejection(isLimitOfNode(limit) ? 503 : 429, limit, retryAfter(retryAfterMs));
}

/** Whether a request was rejected by a limit, and not for what it is. */
export function isRateLimited({ status, reason }: UpgradeRejection): boolean {
  return status === 429 || isLimitOfNode(reason);
}

function isLimitOfNode(reason: UpgradeRejection["reason"]): boolean {
  return reason === "handshakes" || reason === "sheddingLagMs";
}

/** The rejection for an error of an authenticator. An unknown error is 503: the client may be who it says it is. */
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

/** For the question of a browser whether a page may send {@link TICKET_HEADER}. What CORS says is added to it. */
export const PREFLIGHT = rejection(200, undefined, { allow: "GET" });

/** For requests on the WebSocket's path that are no GET. */
export const METHOD_NOT_ALLOWED = rejection(405, "bad_request", { allow: "GET" });

/** 16 bytes in base64. */
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
