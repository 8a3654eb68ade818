// Stores from which request each identity came, and how recent its read of the store is.
// The authenticator and the session checks write it; the session watch reads it at registration and renewal.
// Guarantees that an identity without an entry counts as older than every change.
import type { SessionSource } from "./session-source.ts";

/** The headers from which Better Auth takes the host and the scheme of a dynamic `baseURL`, those of proxies where it trusts them. */
export type HostHeaders = Readonly<Record<string, string>>;

export function hostHeadersOf(headers: Headers): HostHeaders {
  const host: Record<string, string> = {};
  for (const name of ["host", "x-forwarded-host", "x-forwarded-proto"]) {
    const value = headers.get(name);
    if (value !== null) host[name] = value;
  }
  return host;
}

/** Where an upgrade request came from. A ticket is compared with it, and a later read of the session needs it. */
export interface RequestOrigin {
  /** The `Origin` header: null if the client sent none, undefined if the request is not known. */
  readonly origin: string | null | undefined;
  /** The headers that name the host. */
  readonly host: HostHeaders;
}

/** The request that an identity came from, and how recent the identity is. */
export interface IdentityOrigin extends RequestOrigin {
  /** The sequence number of the last session change that happened before the identity was read from the store. */
  readonly sequence: number;
  /** Where the session will be looked up later. */
  readonly source: SessionSource;
}

const UNKNOWN_ORIGIN: IdentityOrigin = {
  sequence: -1,
  origin: undefined,
  host: {},
  source: "session",
};

/**
 * The origin of each identity. It is not stored in the identity, because the application reads identities.
 * An identity without an entry was created by an application that wraps `authenticate`, and may be older than any change.
 */
export class IdentityOrigins {
  readonly #origins = new WeakMap<object, IdentityOrigin>();

  set(identity: object, origin: IdentityOrigin): void {
    this.#origins.set(identity, origin);
  }

  get(identity: object): IdentityOrigin {
    return this.#origins.get(identity) ?? UNKNOWN_ORIGIN;
  }
}
