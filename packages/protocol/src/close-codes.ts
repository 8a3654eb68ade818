/**
 * The close codes that Halyard's server sends, by name. The range tells a client what to do, so that an old client
 * handles a new code: after 4000–4399 it reconnects, after 4400–4999 it stops.
 */
export const CloseCode = {
  /** The peer was silent for longer than the heartbeat allows. */
  HeartbeatMissed: 4000,
  /** The client read too slowly. It reconnects and resumes. The reason is `retryAfterMs=NNN`. */
  SlowReader: 4008,
  /** The client sent no `hello`, or did not finish a message, within 10 s. */
  Unfinished: 4010,
  /** The user has too many connections, which the server found out after the upgrade. */
  ConnectionLimit: 4011,
  /** This node drains. The reason is `retryAfterMs=NNN`. */
  Draining: 4012,
  /** The server rejected too many messages of this connection in a short time. The reason is `retryAfterMs=NNN`. */
  Flooding: 4029,
  /** The client broke the protocol: too many invalid messages, a binary frame, or a frame before `hello`. */
  ProtocolBroken: 4400,
  /** No valid session: expired, signed out or revoked. */
  Unauthenticated: 4401,
  /** The user is forbidden or banned. */
  Forbidden: 4403,
  /** A newer connection attempt of the same client has replaced this one. */
  Superseded: 4409,
  /** The user is over `maxConnectionsPerUser` and the policy closes the oldest connection. */
  Evicted: 4410,
  /** The client sent its third message that is too large. */
  TooLarge: 4413,
  /** The client's contract is too old. */
  ContractTooOld: 4426,
} as const;

/** A close code that Halyard's server sends. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** The close codes that Halyard's client sends. */
export const ClientCloseCode = {
  /** `client.close()`: deliberate, so the user goes offline without a grace period. */
  Closed: 1000,
  /** The page unloads, or a newer socket of the client replaces this one: the user may return within seconds. */
  Leaving: 3001,
} as const;

/**
 * Whether a client reconnects after this close code, provided that it did not close the connection itself.
 * After an unknown code below 4000 it does, because the code may come from a proxy.
 */
export function isRecoverableClose(code: number): boolean {
  return !/^(100[237-9]|1010|4[4-9]..)$/.test(String(code));
}

/** Reads the milliseconds out of a close reason `retryAfterMs=NNN`; undefined for any other reason. */
export function retryAfterOf(reason: string): number | undefined {
  const digits = /^retryAfterMs=(\d{1,9})$/.exec(reason)?.[1];
  return digits ? Number(digits) : undefined;
}
