// Finds the address of the client that sent an upgrade request.
// Called by the upgrade handler once per request; rate limits and security events use the result.
// Guarantee: a header is trusted only as far as `trustProxy` trusts the hosts that appended to it.

import type { CidrRange } from "./ip-address.ts";
import { addressBucketKey, canonicalAddress, isWithin, parseRange } from "./ip-address.ts";
import type { Logger } from "../logger.ts";
import type { UpgradeRequest } from "../types.ts";

/** A request as the adapter of a runtime passes it on. */
export interface IncomingRequest extends Omit<UpgradeRequest, "raw" | "ticket"> {
  readonly raw?: unknown;
  /**
   * Whether the server listens on a Unix socket, whose peers have no address and are on this machine. On any other socket, a peer
   * without an address has reset its connection. @default false
   */
  readonly isOnUnixSocket?: boolean;
}

/** Whether the peer has already reset its connection, so that its request cannot be answered and its headers cannot be trusted. */
function hasLeft({ remoteAddress, isOnUnixSocket = false }: IncomingRequest): boolean {
  return remoteAddress === undefined && !isOnUnixSocket;
}

/** Where a request comes from, as far as known. */
export interface RequestSource {
  /** The client's address: the peer's, or the one that a trusted proxy names. Undefined on a Unix socket without a proxy. */
  readonly address: string | undefined;
  /** Whether the peer is a trusted proxy, whose headers describe its client. */
  readonly isTrustedProxy: boolean;
  /** The address as rate limits use it. */
  readonly addressKey: string | undefined;
  /** The key by which refusals are counted: without `trustProxy`, the address together with the forwarded one. */
  readonly clientKey: string | undefined;
}

/** Reads one request header, by its name in lower case, without creating a `Headers` object. */
export type GetHeader = (name: string) => string | null | undefined;

/** How many proxies in a row are followed at most. */
const MAX_HOPS = 16;

/** Finds the address of a request: the peer's, or the one that a trusted proxy names. */
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

  /** @param header reads a header, which is trusted as far as the peer is */
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
   * Without `trustProxy` the server does not know which visitor is behind a proxy, and the header may contain anything. So it
   * only separates the counts of refusals: a visitor who fails often does not use up the attempts of all visitors behind the same proxy.
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

/** Reads from right to left, because each proxy appends on the right, and the client may have written the left part. */
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
