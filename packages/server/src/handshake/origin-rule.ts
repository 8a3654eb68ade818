// Decides which pages may open a connection. Needed because a browser sends the user's cookie with an upgrade of any page.
// Called by UpgradeHandler before the authenticator, for each upgrade and for each plain GET in place of one.
// Guarantee: a page of another site can never use a visitor's cookie, unless the application allows the site.
import { isThenable, printableAscii } from "@halyard/protocol/internal";
import type { AnyConfig } from "../config.ts";
import type { Logger } from "../logger.ts";
import type { GetHeader } from "../security/client-address.ts";
import { KnownOrigins } from "../security/known-origins.ts";
import {
  canonicalOrigin,
  isLoopback,
  isOfOtherSite,
  parseHost,
  parseWebOrigin,
} from "../security/web-origin.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";

import type { LocatedRequest } from "./upgrade-request.ts";

/** The dependencies of {@link OriginRule}. */
export interface OriginRuleParts {
  readonly allowedOrigins: AnyConfig["allowedOrigins"];
  readonly logger: Logger;
  /** Whether an answer is `true`. Anything but a boolean is reported and counts as `false`. */
  readonly isYes: (option: string, answer: unknown) => boolean;
}

/** Only `true` admits a page, whatever the application's code returns. */
type AskApplication = (origin: string, request: LocatedRequest) => MaybePromise<unknown>;

/** A request as the origin rule reads it. */
export interface OriginCheck {
  readonly request: LocatedRequest;
  readonly header: GetHeader;
  readonly authenticator: AnyAuthenticator | undefined;
}

/** The number of refused origins that are logged, so that a scanner cannot fill the log. */
const MAX_LOGGED = 100;
const MAX_TEXT = 80;

/** Allows pages of the server's own origin, or those that `allowedOrigins` names. */
export class OriginRule {
  readonly #askApplication: AskApplication | undefined;
  readonly #logger: Logger;
  readonly #isYes: OriginRuleParts["isYes"];
  /** The option whose function is called first, for reports. */
  readonly option: "allowedOrigins" | "trustsOrigin";
  readonly #logged = new Set<string>();
  /** The origins listed in `allowedOrigins`. */
  readonly #listed: ReadonlySet<string> | undefined;
  /** The origins whose pages may read answers. */
  readonly #allowed = new KnownOrigins();
  /** The origins from which an authenticator that checks origins itself has accepted a user. */
  readonly #connected = new KnownOrigins();

  /** @throws TypeError for a text in the list that is not an origin */
  constructor({ allowedOrigins, logger, isYes }: OriginRuleParts) {
    this.#logger = logger;
    this.#isYes = isYes;
    this.option = typeof allowedOrigins === "function" ? "allowedOrigins" : "trustsOrigin";
    if (typeof allowedOrigins === "function")
      this.#askApplication = (...args) => settled(allowedOrigins(...args));
    else if (allowedOrigins !== undefined) {
      const listed = new Set(allowedOrigins.map(listedOrigin));
      this.#listed = listed;
      this.#askApplication = (origin) => listed.has(canonicalOrigin(origin) ?? "");
    }
  }

  /** Whether a connection may be opened. A refusal is logged once for each origin. */
  accepts(check: OriginCheck): MaybePromise<boolean> {
    const { header, authenticator } = check;
    if (checksOrigins(authenticator)) return true;
    const origin = header("origin") ?? undefined;
    const hasCookie = (header("cookie") ?? undefined) !== undefined;
    if (origin === undefined) return !hasCookie || isProbeOfOwnPage(header) || this.#refuseWithoutOrigin();
    // If the application decides about origins, its answer applies to requests with any credential.
    if (!hasCookie && this.#askApplication === undefined && !isSentByBrowsers(header("authorization")))
      return true;
    return andThen(this.allows(origin, check), (isAllowed) => isAllowed || this.#refuse(origin, header));
  }

  /** Whether pages of this origin may connect, and may read the reason of a refusal. */
  allows(origin: string, check: OriginCheck): MaybePromise<boolean> {
    return andThen(this.#decide(origin, check), (isAllowed) => {
      if (isAllowed) this.#allowed.add(origin);
      return isAllowed;
    });
  }

  /** Like {@link allows}, but without calling the application: its function has allowed the origin before, or there is none. */
  isKnown(origin: string, check: OriginCheck): boolean {
    const { authenticator } = check;
    const asks =
      this.option === "allowedOrigins" ||
      (typeof authenticator === "object" && authenticator.trustsOrigin !== undefined);
    return asks ? this.#allowed.has(origin) : this.allows(origin, check) === true;
  }

  /**
   * Whether a browser sent the request for a page that was never allowed so far, perhaps without its visitor's knowledge.
   * Does not call the application.
   */
  isOfUnknownPage(request: LocatedRequest, header: GetHeader): boolean {
    const origin = header("origin") ?? undefined;
    if (origin === undefined) return isOfOtherSite(header);
    if (this.#allowed.has(origin) || this.#connected.has(origin)) return false;
    return this.#listed === undefined
      ? likenessOf(origin, hostOf(request, header)) === undefined
      : !this.#listed.has(canonicalOrigin(origin) ?? "");
  }

  /** Called when a user was accepted: an authenticator that checks origins itself shows only by its answers which ones it accepts. */
  acceptedUser({ header, authenticator }: OriginCheck): void {
    const origin = header("origin") ?? undefined;
    if (origin !== undefined && checksOrigins(authenticator)) this.#connected.add(origin);
  }

  #decide(origin: string, { request, header, authenticator }: OriginCheck): MaybePromise<boolean> {
    if (checksOrigins(authenticator)) return this.#asksAuthenticator(authenticator, origin, request);
    const ask = this.#askApplication;
    const isAllowed: MaybePromise<unknown> =
      ask === undefined ? this.#isOwn(origin, hostOf(request, header)) : ask(origin, request);
    return andThen(
      isAllowed,
      (answer) =>
        this.#isYes("allowedOrigins", answer) || this.#asksAuthenticator(authenticator, origin, request),
    );
  }

  #asksAuthenticator(
    authenticator: AnyAuthenticator | undefined,
    origin: string,
    request: LocatedRequest,
  ): MaybePromise<boolean> {
    if (typeof authenticator !== "object" || authenticator.trustsOrigin === undefined) return false;
    const answer = settled<unknown>(authenticator.trustsOrigin(origin, request));
    return andThen(answer, (trusted) => this.#isYes("trustsOrigin", trusted));
  }

  #isOwn(origin: string, hostHeader: string): boolean {
    const likeness = likenessOf(origin, hostHeader);
    if (likeness !== "loopback") return likeness === "own";
    this.#logOnce("loopback", {
      event: "origin_of_loopback",
      message: `A page of ${quotable(origin)} is let in because it and the server are on this machine. In production: ${lineFor(origin)}`,
    });
    return true;
  }

  #refuse(origin: string, header: GetHeader): false {
    const host = quotable(header("host") ?? "");
    const message = `Refused a connection of a page of ${quotable(origin)}, which is not the server's own origin (Host: ${host}). ${adviceFor(origin)}`;
    this.#logOnce(`origin ${quotable(origin)}`, { event: "origin_refused", message });
    return false;
  }

  #refuseWithoutOrigin(): false {
    const message =
      "Refused a connection with a cookie and without Origin, which browsers always send. To let another client in, let it send an Origin of createWebSocketSystem({ allowedOrigins: [] }), or its credential in another header.";
    this.#logOnce("missing", { event: "origin_missing", message });
    return false;
  }

  #logOnce(key: string, { event, message }: { readonly event: string; readonly message: string }): void {
    if (this.#logged.has(key) || this.#logged.size >= MAX_LOGGED) return;
    this.#logged.add(key);
    this.#logger.warn({ event }, message);
  }
}

/** Whether a page has the same host as the server that it connects to (`own`), or both are on this machine (`loopback`). */
function likenessOf(origin: string, hostHeader: string): "own" | "loopback" | undefined {
  const page = parseWebOrigin(origin);
  // TLS may end before this server, so the scheme is not compared: a `Host` without a port gets the default port of the page's scheme.
  const own = page && parseHost(hostHeader, DEFAULT_PORT[page.scheme] ?? 0);
  if (page === undefined || own === undefined) return undefined;
  if (page.host === own.host && page.port === own.port) return "own";
  return isLoopback(page) && isLoopback(own) ? "loopback" : undefined;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { http: 80, https: 443 };

function checksOrigins(authenticator: AnyAuthenticator | undefined): boolean {
  return typeof authenticator === "object" && authenticator.checksOrigin === true;
}

/** Turns a thenable of the application into a promise. */
function settled<TValue>(value: TValue | PromiseLike<TValue>): MaybePromise<TValue> {
  return isThenable(value) ? Promise.resolve(value) : value;
}

/** The host to which the page connects. A trusted proxy may have put its own host into `Host`. */
function hostOf({ source }: LocatedRequest, header: GetHeader): string {
  const forwarded = source.isTrustedProxy ? header("x-forwarded-host") : undefined;
  const [first = ""] = (forwarded ?? "").split(",", 1);
  return first.trim() || (header("host") ?? "");
}

/** Whether a browser adds this header by itself: it sends stored passwords (`Basic`, `Digest`, `Negotiate`) like cookies, but no tokens. */
function isSentByBrowsers(authorization: string | null | undefined): boolean {
  return /^(basic|digest|negotiate|ntlm)\b/i.test(authorization ?? "");
}

/**
 * Whether this is the plain GET by which a client learns why its handshake failed. A browser sends no `Origin` with a GET to the page's own
 * origin. The answer is only a status, which pages of other origins cannot read.
 */
function isProbeOfOwnPage(header: GetHeader): boolean {
  if (header("upgrade")?.toLowerCase() === "websocket") return false;
  return !isOfOtherSite(header);
}

function listedOrigin(text: string): string {
  const origin = typeof text === "string" && !text.includes("*") ? canonicalOrigin(text) : undefined;
  if (origin !== undefined) return sentOrigin(origin);
  throw new TypeError(
    `allowedOrigins takes whole origins such as "https://app.example.com", without a path, and not ${JSON.stringify(text)}; a function can take others: allowedOrigins: (origin) => origin.endsWith(".example.com")`,
  );
}

/** An origin as browsers send it: names that are not ASCII in their ASCII form, `xn--…`. */
function sentOrigin(origin: string): string {
  const isName = /^https?:/.test(origin) && URL.canParse(origin);
  return isName ? (canonicalOrigin(new URL(origin).origin) ?? origin) : origin;
}

function adviceFor(origin: string): string {
  if (canonicalOrigin(origin) !== undefined) return `To allow it: ${lineFor(origin)}`;
  return "Files and sandboxed frames of every site have this origin: give such a page a ticket in place of its cookie.";
}

/** A text for a line of code to copy: printable ASCII without quotes and backslashes. */
function quotable(text: string): string {
  return printableAscii(text, MAX_TEXT).replace(/["\\]/g, "?");
}

function lineFor(origin: string): string {
  return `createWebSocketSystem({ allowedOrigins: ["${quotable(origin)}"] })`;
}
