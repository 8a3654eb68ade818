// Finds the address of the client behind an upgrade request.
// The upgrade handler asks once per request; rate limits and security events use the answer.
// A header is believed only as far as `trustProxy` trusts the hosts that appended to it.

import type { CidrRange } from "./ip-address.ts";
import { addressBucketKey, canonicalAddress, isWithin, parseRange } from "./ip-address.ts";
import type { Logger } from "../logger.ts";
import type { UpgradeRequest } from "../types.ts";

/** A request as the glue of a runtime hands it over. */
export interface IncomingRequest extends Omit<UpgradeRequest, "raw" | "ticket"> {
  readonly raw?: unknown;
  /**
   * The server listens on a Unix socket: its peers have no address, and are on this machine. Everywhere else a peer
   * without an address has reset its connection. @default false
   */
  readonly isOnUnixSocket?: boolean;
}

/** Whether the peer has reset its connection already: nothing of its request can be answered, and nothing be believed. */
function hasLeft({ remoteAddress, isOnUnixSocket = false }: IncomingRequest): boolean {
  return remoteAddress === undefined && !isOnUnixSocket;
}

/** Where a request comes from, as far as it is known. */
export interface RequestSource {
  /** The client's address: the peer's, or the one that a trusted proxy names. Undefined on a Unix socket without a proxy. */
  readonly address: string | undefined;
  /** Whether the peer is a trusted proxy, whose headers say what its client has sent. */
  readonly isTrustedProxy: boolean;
  /** The address in rate limits. */
  readonly addressKey: string | undefined;
  /** Whose refusals are counted together: without `trustProxy` the address and the forwarded one. */
  readonly clientKey: string | undefined;
}

/** Reads one request header by its name in lower case, without creating a `Headers` object. */
export type GetHeader = (name: string) => string | null | undefined;

/** How many proxies in a row are followed. */
const MAX_HOPS = 16;

/** The address of a request: the peer's, or the one that a trusted proxy names. */
export class ClientAddress {
  readonly #isTrusted: ((address: string) => boolean) | undefined;
  readonly #logger: Logger;
  #hasWarned = false;

  /** @throws TypeError for a range that cannot be parsed */
  constructor(trustProxy: readonly string[] | ((address: string) => boolean) | undefined, logger: Logger) {
    this.#logger = logger;
    if (trustProxy === undefined || typeof trustProxy === "function") this.#isTrusted = trustProxy;
    else {
      const ranges: readonly CidrRange[] = trustProxy.map(parseRange);
      this.#isTrusted = (address) => isWithin(address, ranges);
    }
  }

  /** @param header the headers are believed as far as the peer is trusted */
  locate(request: IncomingRequest, header: GetHeader): RequestSource {
    const { remoteAddress } = request;
    const peer = remoteAddress?.includes(":") === true ? canonicalAddress(remoteAddress) : remoteAddress;
    if (this.#isTrusted === undefined) return this.#locateUntrusted(peer, header);
    const isTrustedProxy = peer === undefined ? !hasLeft(request) : this.#isTrusted(peer);
    const forwarded = isTrustedProxy ? header("x-forwarded-for") : undefined;
    const address = firstUntrustedHop(forwarded, this.#isTrusted) ?? peer;
    const addressKey = address && addressBucketKey(address);
    return { address, isTrustedProxy, addressKey, clientKey: addressKey };
  }

  /**
   * Without `trustProxy` the server does not know which visitor is behind a proxy, and the header may say anything. So it
   * only keeps refusals apart: a visitor who tries in vain does not use up the tries of every visitor behind the same proxy.
   */
  #locateUntrusted(address: string | undefined, header: GetHeader): RequestSource {
    const forwarded = header("x-forwarded-for") ?? undefined;
    const isForwarded = (forwarded ?? header("forwarded") ?? undefined) !== undefined;
    if (isForwarded && !this.#hasWarned) this.#warnUntrustedProxy();
    const addressKey = address && addressBucketKey(address);
    const claimed = forwarded === undefined ? undefined : lastHop(forwarded);
    const clientKey =
      claimed === undefined ? addressKey : `${addressKey ?? "unix"} ${addressBucketKey(claimed)}`;
    return { address, isTrustedProxy: false, addressKey, clientKey };
  }

  #warnUntrustedProxy(): void {
    this.#hasWarned = true;
    const line = `createWebSocketSystem({ trustProxy: ["10.0.0.0/8"] })`;
    this.#logger.warn(
      {},
      `a forwarded address is not believed, so everyone behind the proxy is one address: ${line}`,
    );
  }
}

function lastHop(header: string): string | undefined {
  return canonicalAddress(withoutPort(header.slice(header.lastIndexOf(",") + 1).trim()));
}

/** Reads from right to left: each proxy appends on the right, and a client may have written the left part. */
function firstUntrustedHop(
  header: string | null | undefined,
  isTrusted: (address: string) => boolean,
): string | undefined {
  let clientAddress: string | undefined;
  let end = header?.length ?? 0;
  for (let hop = 0; hop < MAX_HOPS && typeof header === "string" && end > 0; hop++) {
    const start = header.lastIndexOf(",", end - 1) + 1;
    const address = canonicalAddress(withoutPort(header.slice(start, end).trim()));
    if (address === undefined) return clientAddress;
    clientAddress = address;
    if (!isTrusted(address)) return clientAddress;
    end = start - 1;
  }
  return clientAddress;
}

function withoutPort(text: string): string {
  const [, bracketed] = /^\[(.+)\](?::\d+)?$/.exec(text) ?? [];
  return bracketed ?? text.replace(/^([\d.]+):\d+$/, "$1");
}
