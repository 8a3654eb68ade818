// Finds the address of the client behind an upgrade request.
// The upgrade handler asks once per request; rate limits and security events use the answer.
// A header is believed only as far as `trustProxy` trusts the hosts that appended to it.

import type { CidrRange } from "./ip-address.ts";
import { canonicalAddress, isWithin, parseRange } from "./ip-address.ts";
import type { Logger } from "../logger.ts";

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

  /** Undefined if the runtime does not know the peer, as on a Unix socket without a proxy. */
  resolve(remoteAddress: string | undefined, header: GetHeader): string | undefined {
    const peer = remoteAddress?.includes(":") === true ? canonicalAddress(remoteAddress) : remoteAddress;
    if (this.#isTrusted === undefined) {
      if (!this.#hasWarned) this.#warnUntrustedProxy(header);
      return peer;
    }
    // The peer of a Unix socket is on this machine, and has no address to check.
    if (peer !== undefined && !this.#isTrusted(peer)) return peer;
    return firstUntrustedHop(header("x-forwarded-for"), this.#isTrusted) ?? peer;
  }

  #warnUntrustedProxy(header: GetHeader): void {
    if ((header("x-forwarded-for") ?? header("forwarded") ?? undefined) === undefined) return;
    this.#hasWarned = true;
    const line = `createWebSocketSystem({ trustProxy: ["10.0.0.0/8"] })`;
    this.#logger.warn(
      {},
      `a forwarded address is not believed, so everyone behind the proxy is one address: ${line}`,
    );
  }
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
