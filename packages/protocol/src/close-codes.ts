/**
 * The close codes that Halyard's server sends, by name. Their range says what a client does, so that an old client
 * handles a new code: 4000–4399 come back, 4400–4999 stop.
 */
export const CloseCode = {
  /** The peer was silent for longer than the heartbeat allows. */
  HeartbeatMissed: 4000,
  /** Reading too slowly: come back and resume. Its reason is `retryAfterMs=NNN`. */
  SlowReader: 4008,
  /** No `hello`, or an unfinished message, within 10 s. */
  Unfinished: 4010,
  /** Too many connections of this user, found out after the upgrade. */
  ConnectionLimit: 4011,
  /** This node drains. Its reason is `retryAfterMs=NNN`. */
  Draining: 4012,
  /** Too many messages refused in too little time. Its reason is `retryAfterMs=NNN`. */
  Flooding: 4029,
  /** The protocol was broken: too many invalid messages, binary where text is due, a frame before `hello`. */
  ProtocolBroken: 4400,
  /** No valid session: expired, signed out or revoked. */
  Unauthenticated: 4401,
  /** Forbidden or banned. */
  Forbidden: 4403,
  /** A newer attempt of the same client is here. */
  Superseded: 4409,
  /** The user is over `maxConnectionsPerUser` and the policy closes the oldest connection. */
  Evicted: 4410,
  /** A message was too large for the third time. */
  TooLarge: 4413,
  /** The client's contract is too old. */
  ContractTooOld: 4426,
} as const;

export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Close codes that Halyard's client sends. */
export const ClientCloseCode = {
  /** `client.close()`: deliberate, so that no grace holds the user online. */
  Closed: 1000,
  /** The page goes away, or a newer socket takes this one's place: the user may be back at once. */
  Leaving: 3001,
} as const;

/**
 * Whether a client comes back after this close code, provided that it did not close the connection itself.
 * Unknown codes below 4000 come back, because a proxy may have invented them.
 */
export function isRecoverableClose(code: number): boolean {
  return !/^(100[237-9]|1010|4[4-9]..)$/.test(String(code));
}

/** Reads `retryAfterMs=NNN` from a close reason. */
export function retryAfterOf(reason: string): number | undefined {
  const [, digits] = /^retryAfterMs=(\d{1,9})$/.exec(reason) ?? [];
  return digits ? Number(digits) : undefined;
}
