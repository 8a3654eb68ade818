import type { CidrRange } from "./ip-address.ts";
import { canonicalAddress, isWithin, parseRange } from "./ip-address.ts";
import type { Logger } from "../logger.ts";

/** A request header by its name in lower case, without anything made for those that nobody asks for. */
export type GetHeader = (name: string) => string | null | undefined;

/** More proxies than this in a row are not believed. */
const MAX_HOPS = 16;

/** Finds out where a request comes from: from its peer, or from whoever a trusted proxy names. */
export class ClientAddress {
  readonly #isTrusted: ((address: string) => boolean) | undefined;
  readonly #logger: Logger;
  #hasWarned = false;

  /** @throws TypeError for a range that is none */
  constructor(trustProxy: readonly string[] | ((address: string) => boolean) | undefined, logger: Logger) {
    this.#logger = logger;
    if (trustProxy === undefined || typeof trustProxy === "function") this.#isTrusted = trustProxy;
    else {
      const ranges: readonly CidrRange[] = trustProxy.map(parseRange);
      this.#isTrusted = (address) => isWithin(address, ranges);
    }
  }

  /** Undefined where the runtime does not know it, as for a Unix socket without a proxy. */
  resolve(remoteAddress: string | undefined, header: GetHeader): string | undefined {
    const peer = remoteAddress?.includes(":") === true ? canonicalAddress(remoteAddress) : remoteAddress;
    if (this.#isTrusted === undefined) {
      if (!this.#hasWarned) this.#warnUntrustedProxy(header);
      return peer;
    }
    // Whoever reaches a Unix socket is on this machine: it has no address to be trusted by.
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

/** From right to left, because each proxy adds on the right and anybody may write on the left. */
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
