// Parses origins and hosts, as browsers and proxies write them, into one form that can be compared.
// Called by OriginRule for each upgrade that carries a cookie.
// Guarantee: a text that is not an origin equals no other.
import type { GetHeader } from "./client-address.ts";
import { canonicalAddress } from "./ip-address.ts";

/** The host and the port of an origin or of a `Host` header. */
export interface HostAndPort {
  /** In lower case, without brackets and without a trailing dot. */
  readonly host: string;
  readonly port: number;
}

/** The origin of a web page, whose scheme is `http` or `https`. App shells have other schemes, and their hosts are never compared. */
interface WebOrigin extends HostAndPort {
  readonly scheme: string;
}

const ORIGIN = /^(https?):\/\/([^/?#@\\\s]+)$/i;
const AUTHORITY = /^(\[[\d.:a-f]+\]|[^:[\]/?#@\\\s]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** @returns undefined for a text that is not the origin of a web page, such as `null` */
export function parseWebOrigin(text: string): WebOrigin | undefined {
  const [, scheme = "", authority = ""] = ORIGIN.exec(text) ?? [];
  const name = scheme.toLowerCase();
  const parsed = parseHost(authority, DEFAULT_PORTS[name] ?? 0);
  return parsed && { scheme: name, ...parsed };
}

/**
 * @param defaultPort the port if the text names none
 * @returns undefined for a text that is not a host
 */
export function parseHost(text: string, defaultPort: number): HostAndPort | undefined {
  const [, name, port] = AUTHORITY.exec(text) ?? [];
  if (name === undefined) return undefined;
  const host = name.startsWith("[")
    ? canonicalAddress(name.slice(1, -1))
    : name.toLowerCase().replace(/\.$/, "");
  return host ? { host, port: port === undefined ? defaultPort : Number(port) } : undefined;
}

/** The canonical form of an origin in a list, without the default port. Origins of app shells are unchanged. */
export function canonicalOrigin(text: string): string | undefined {
  const web = parseWebOrigin(text);
  if (web === undefined)
    return /^(?!https?:)[a-z][a-z\d+.-]*:\/\/[^/?#@\\\s]+$/i.test(text) ? text.toLowerCase() : undefined;
  const { scheme, host, port } = web;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

/**
 * Whether a browser indicates that a page of another site caused the request, for example with an image: such a
 * request has a cookie but no `Origin`.
 */
export function isOfOtherSite(header: GetHeader): boolean {
  const site = header("sec-fetch-site") ?? "same-origin";
  return site !== "same-origin" && site !== "none";
}

/** Whether a name means this machine: `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopback({ host }: HostAndPort): boolean {
  return /(^|\.)localhost$/.test(host) || /^127(\.\d{1,3}){3}$/.test(host) || host === "0:0:0:0:0:0:0:1";
}
