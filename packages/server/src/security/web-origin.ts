// Origins and hosts as browsers and proxies write them, in one form that can be compared.
// Called by the rule of origins for each upgrade that carries a cookie.
// Guarantee: a text that is no origin equals nothing.
import type { GetHeader } from "./client-address.ts";
import { canonicalAddress } from "./ip-address.ts";

/** The host and the port of an origin or of a `Host` header. */
export interface HostAndPort {
  /** In lower case, without brackets and without a dot at its end. */
  readonly host: string;
  readonly port: number;
}

/** An origin of a page. Its scheme is `http` or `https`; app shells have others, and no host that could be ours. */
interface WebOrigin extends HostAndPort {
  readonly scheme: string;
}

const ORIGIN = /^(https?):\/\/([^/?#@\\\s]+)$/i;
const AUTHORITY = /^(\[[\d.:a-f]+\]|[^:[\]/?#@\\\s]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** @returns undefined for a text that is no origin of a web page, such as `null` */
export function parseWebOrigin(text: string): WebOrigin | undefined {
  const [, scheme = "", authority = ""] = ORIGIN.exec(text) ?? [];
  const name = scheme.toLowerCase();
  const parsed = parseHost(authority, DEFAULT_PORTS[name] ?? 0);
  return parsed && { scheme: name, ...parsed };
}

/**
 * @param defaultPort the port where the text names none
 * @returns undefined for a text that is no host
 */
export function parseHost(text: string, defaultPort: number): HostAndPort | undefined {
  const [, name, port] = AUTHORITY.exec(text) ?? [];
  if (name === undefined) return undefined;
  const host = name.startsWith("[")
    ? canonicalAddress(name.slice(1, -1))
    : name.toLowerCase().replace(/\.$/, "");
  return host ? { host, port: port === undefined ? defaultPort : Number(port) } : undefined;
}

/** The one form of an origin in a list: without the default port. Schemes of app shells stay as they are. */
export function canonicalOrigin(text: string): string | undefined {
  const web = parseWebOrigin(text);
  if (web === undefined)
    return /^(?!https?:)[a-z][a-z\d+.-]*:\/\/[^/?#@\\\s]+$/i.test(text) ? text.toLowerCase() : undefined;
  const { scheme, host, port } = web;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
}

/**
 * Whether a browser says that a page of another site made it send the request, as with an image of that page: such a
 * request has a cookie, and no `Origin`.
 */
export function isOfOtherSite(header: GetHeader): boolean {
  const site = header("sec-fetch-site") ?? "same-origin";
  return site !== "same-origin" && site !== "none";
}

/** Whether a name means this machine: `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopback({ host }: HostAndPort): boolean {
  return /(^|\.)localhost$/.test(host) || /^127(\.\d{1,3}){3}$/.test(host) || host === "0:0:0:0:0:0:0:1";
}
