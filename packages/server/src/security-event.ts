import type { ServerLimits } from "./limits.ts";
import type { AuthorizeRequest } from "./types.ts";

/** Which limit was reached, by the name of the option that sets it. */
export type LimitName =
  | keyof Pick<
      ServerLimits,
      | "messageBytes"
      | "messagesPerSecond"
      | "chatPerSecond"
      | "joinsPerSecond"
      | "rooms"
      | "waitingSends"
      | "waitingRequests"
      | "maxBufferedBytes"
      | "stalledMs"
      | "helloMs"
      | "handshakes"
      | "handshakesPerAddress"
      | "handshakeMs"
      | "refusedUpgradesPerSecond"
      | "acceptedUpgradesPerSecond"
      | "subprotocols"
      | "pingsPerSecond"
      | "unfinishedMs"
    >
  | "maxConnectionsPerUser";

/** When, whose and from where; what is not known is undefined. */
export interface SecurityFacts {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly address: string | undefined;
  readonly userId: string | undefined;
  readonly connectionId: string | undefined;
}

/** An upgrade, or a plain GET in its place, was answered with this HTTP status. */
export interface UpgradeRefused extends SecurityFacts {
  readonly kind: "upgrade_refused";
  readonly reason:
    "bad_request" | "unauthenticated" | "forbidden" | "rate_limited" | "unavailable" | "draining" | LimitName;
  readonly code: number;
}

/** A client broke the protocol, and its connection was closed for it. */
export interface ProtocolBroken extends SecurityFacts {
  readonly kind: "protocol_broken";
  readonly reason: "frame" | "message";
  /** The close code. */
  readonly code: number;
}

/** A connection was closed because it did not stop sending faster than it may. */
export interface Flooded extends SecurityFacts {
  readonly kind: "flood";
  readonly reason: LimitName;
  readonly code: 4029;
}

/** Something was refused because of a limit, or its connection closed for it. */
export interface LimitReached extends SecurityFacts {
  readonly kind: "limit";
  readonly reason: LimitName;
  /** The close code, when the connection was closed for it. */
  readonly code: number | undefined;
}

/** A client asked for what its user may not do. */
export interface ForbiddenAttempt extends SecurityFacts {
  readonly kind: "forbidden";
  /** The action that `authorize` refused, a `role` that is missing, or what the `application` itself threw. */
  readonly reason: AuthorizeRequest["action"] | "role" | "application";
  readonly code: undefined;
}

/** An open connection was closed because its session or its user's right has ended. */
export interface Revoked extends SecurityFacts {
  readonly kind: "revoked";
  readonly reason: "unauthenticated" | "forbidden";
  readonly code: 4401 | 4403;
}

/** What a security log wants to know. It holds no token, no cookie, and nothing that a client wrote. */
export type SecurityEvent =
  UpgradeRefused | ProtocolBroken | Flooded | LimitReached | ForbiddenAttempt | Revoked;

/** How often each thing happened since the start, by kind and reason: `counts.flood?.messagesPerSecond`. */
export type SecurityCounts = {
  readonly [TKind in SecurityEvent["kind"]]?: Readonly<
    Partial<Record<Extract<SecurityEvent, { readonly kind: TKind }>["reason"], number>>
  >;
};
