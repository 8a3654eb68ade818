import type { Range } from "./ip-address.ts";
import { canonicalAddress, isWithin, parseRange } from "./ip-address.ts";
import type { Logger } from "../logger.ts";
import type { HeaderLookup } from "../handshake/upgrade-rejection.ts";
import type { WebSocketManagerConfig } from "../types.ts";

/** More proxies than this in a row are not believed. */
const HOPS = 16;

/** Finds out where a request comes from: from its peer, or from whoever a trusted proxy names. */
export class ClientAddress {
  readonly #isTrusted: ((address: string) => boolean) | undefined;
  readonly #logger: Logger;
  #hasWarned = false;

  /** @throws TypeError for a range that is none */
  constructor(trustProxy: WebSocketManagerConfig["trustProxy"], logger: Logger) {
    this.#logger = logger;
    if (trustProxy === undefined || typeof trustProxy === "function") this.#isTrusted = trustProxy;
    else {
      const ranges: readonly Range[] = trustProxy.map(parseRange);
      this.#isTrusted = (address) => isWithin(address, ranges);
    }
  }

  /** Undefined where the runtime does not know it, as for a Unix socket without a proxy. */
  of(remoteAddress: string | undefined, header: HeaderLookup): string | undefined {
    const peer = remoteAddress?.includes(":") === true ? canonicalAddress(remoteAddress) : remoteAddress;
    if (this.#isTrusted === undefined) {
      if (!this.#hasWarned) this.#warnOf(header);
      return peer;
    }
    // Whoever reaches a Unix socket is on this machine: it has no address to be trusted by.
    if (peer !== undefined && !this.#isTrusted(peer)) return peer;
    return walk(header("x-forwarded-for"), this.#isTrusted) ?? peer;
  }

  #warnOf(header: HeaderLookup): void {
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
function walk(
  header: string | null | undefined,
  isTrusted: (address: string) => boolean,
): string | undefined {
  let found: string | undefined;
  let end = header?.length ?? 0;
  for (let hop = 0; hop < HOPS && typeof header === "string" && end > 0; hop++) {
    const start = header.lastIndexOf(",", end - 1) + 1;
    const address = canonicalAddress(withoutPort(header.slice(start, end).trim()));
    if (address === undefined) return found;
    found = address;
    if (!isTrusted(address)) return found;
    end = start - 1;
  }
  return found;
}

function withoutPort(text: string): string {
  const [, bracketed] = /^\[(.+)\](?::\d+)?$/.exec(text) ?? [];
  return bracketed ?? text.replace(/^([\d.]+):\d+$/, "$1");
}
