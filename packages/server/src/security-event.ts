import type { ServerLimits } from "./limits.ts";
import type { AuthorizeRequest } from "./types.ts";

/** The name of a limit: that of the option that sets it. */
export type LimitName =
  | keyof Pick<
      ServerLimits,
      | "messageBytes"
      | "messagesPerSecond"
      | "bytesPerSecond"
      | "chatPerSecond"
      | "joinsPerSecond"
      | "userMessagesPerSecond"
      | "userBytesPerSecond"
      | "userChatPerSecond"
      | "userJoinsPerSecond"
      | "channelBytesPerSecond"
      | "rooms"
      | "waitingSends"
      | "userWaitingSends"
      | "waitingRequests"
      | "maxBufferedBytes"
      | "stalledMs"
      | "helloMs"
      | "handshakes"
      | "handshakesPerAddress"
      | "sheddingLagMs"
      | "handshakeMs"
      | "refusedUpgradesPerSecond"
      | "acceptedUpgradesPerSecond"
      | "authenticatesPerSecond"
      | "subprotocols"
      | "pingsPerSecond"
      | "presenceStateBytes"
      | "unfinishedMs"
    >
  | "maxConnectionsPerUser"
  | "sharingTabs";

/** When an event happened, and which address, user and connection it concerns, if known. */
export interface SecurityFacts {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly address: string | undefined;
  readonly userId: string | undefined;
  readonly connectionId: string | undefined;
}

/** An upgrade, or a plain GET in its place, was refused with this HTTP status. */
export interface UpgradeRefused extends SecurityFacts {
  readonly kind: "upgrade_refused";
  readonly reason:
    "bad_request" | "unauthenticated" | "forbidden" | "rate_limited" | "unavailable" | "draining" | LimitName;
  readonly code: number;
}

/** A connection was closed because its client broke the protocol. */
export interface ProtocolBroken extends SecurityFacts {
  readonly kind: "protocol_broken";
  readonly reason: "frame" | "message";
  /** The close code. */
  readonly code: number;
}

/** A connection was closed because it kept sending above a rate limit. */
export interface Flooded extends SecurityFacts {
  readonly kind: "flood";
  readonly reason: LimitName;
  readonly code: 4029;
}

/** A limit refused something, or closed a connection. */
export interface LimitReached extends SecurityFacts {
  readonly kind: "limit";
  readonly reason: LimitName;
  /** The close code, when the limit closed the connection. */
  readonly code: number | undefined;
}

/** A client tried something that its user may not do. */
export interface ForbiddenAttempt extends SecurityFacts {
  readonly kind: "forbidden";
  /**
   * The action that `authorize` denied; `role`: a required role is missing; `membership`: the client sent to a room that it is not in (or
   * has just left); `application`: the application threw the error.
   */
  readonly reason: AuthorizeRequest["action"] | "role" | "membership" | "application";
  readonly code: undefined;
}

/** An open connection was closed because its session or its user's right to connect has ended. */
export interface Revoked extends SecurityFacts {
  readonly kind: "revoked";
  readonly reason: "unauthenticated" | "forbidden";
  readonly code: 4401 | 4403;
}

/** An event for a security log. It contains no token, no cookie, and no text that a client wrote. */
export type SecurityEvent =
  UpgradeRefused | ProtocolBroken | Flooded | LimitReached | ForbiddenAttempt | Revoked;

/** The number of events since the start, by kind and reason, for example `counts.flood?.messagesPerSecond`. */
export type SecurityCounts = {
  readonly [TKind in SecurityEvent["kind"]]?: Readonly<
    Partial<Record<Extract<SecurityEvent, { readonly kind: TKind }>["reason"], number>>
  >;
};
