// Decides from which pages a connection may be opened: a browser sends its user's cookie with the upgrade of any page.
// Called by UpgradeHandler for each upgrade, and for each plain GET in its place, before the authenticator.
// Guarantees: a page of another site never uses a visitor's cookie, unless the application allows the site.
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

/** What {@link OriginRule} uses. */
export interface OriginRuleParts {
  readonly allowedOrigins: AnyConfig["allowedOrigins"];
  readonly logger: Logger;
  /** Anything but a boolean is reported, and no. */
  readonly isYes: (option: string, answer: unknown) => boolean;
}

/** Only `true` lets a page in, whatever the types of the application say. */
type AskApplication = (origin: string, request: LocatedRequest) => MaybePromise<unknown>;

/** A request, as the rule of origins sees it. */
export interface OriginCheck {
  readonly request: LocatedRequest;
  readonly header: GetHeader;
  readonly authenticator: AnyAuthenticator | undefined;
}

/** Lines about refused origins: a scanner must not fill the log. */
const MAX_LOGGED = 100;
const MAX_TEXT = 80;

/** Allows pages of the server's own origin, or those that `allowedOrigins` names. */
export class OriginRule {
  readonly #askApplication: AskApplication | undefined;
  readonly #logger: Logger;
  readonly #isYes: OriginRuleParts["isYes"];
  /** The option whose function is asked first, for reports. */
  readonly option: "allowedOrigins" | "trustsOrigin";
  readonly #logged = new Set<string>();
  /** The list of `allowedOrigins`. */
  readonly #listed: ReadonlySet<string> | undefined;
  /** Whose pages may read answers. */
  readonly #allowed = new KnownOrigins();
  /** From which an authenticator that checks origins itself has let a user in. */
  readonly #connected = new KnownOrigins();

  /** @throws TypeError for a text in the list that is no origin */
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
    // An origin that the application was asked about counts with every credential.
    if (!hasCookie && this.#askApplication === undefined && !isSentByBrowsers(header("authorization")))
      return true;
    return andThen(this.allows(origin, check), (isAllowed) => isAllowed || this.#refuse(origin, header));
  }

  /** Whether pages of this origin may connect, and may read why they may not. */
  allows(origin: string, check: OriginCheck): MaybePromise<boolean> {
    return andThen(this.#decide(origin, check), (isAllowed) => {
      if (isAllowed) this.#allowed.add(origin);
      return isAllowed;
    });
  }

  /** The same without a call of the application: its function has allowed the origin before, or it has none. */
  isKnown(origin: string, check: OriginCheck): boolean {
    const { authenticator } = check;
    const asks =
      this.option === "allowedOrigins" ||
      (typeof authenticator === "object" && authenticator.trustsOrigin !== undefined);
    return asks ? this.#allowed.has(origin) : this.allows(origin, check) === true;
  }

  /**
   * Whether a browser sent the request for a page that nobody has let in so far: its visitor may know nothing of it.
   * Answers without a call of the application.
   */
  isOfUnknownPage(request: LocatedRequest, header: GetHeader): boolean {
    const origin = header("origin") ?? undefined;
    if (origin === undefined) return isOfOtherSite(header);
    if (this.#allowed.has(origin) || this.#connected.has(origin)) return false;
    return this.#listed === undefined
      ? likenessOf(origin, hostOf(request, header)) === undefined
      : !this.#listed.has(canonicalOrigin(origin) ?? "");
  }

  /** A user has come in. What an authenticator that checks origins itself accepts is known by its answers alone. */
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

/** Whether a page is of the host that it has connected to, or both are on this machine. */
function likenessOf(origin: string, hostHeader: string): "own" | "loopback" | undefined {
  const page = parseWebOrigin(origin);
  // TLS may end before this server, so the scheme is not compared: a `Host` without a port has that of the page's scheme.
  const own = page && parseHost(hostHeader, DEFAULT_PORT[page.scheme] ?? 0);
  if (page === undefined || own === undefined) return undefined;
  if (page.host === own.host && page.port === own.port) return "own";
  return isLoopback(page) && isLoopback(own) ? "loopback" : undefined;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { http: 80, https: 443 };

function checksOrigins(authenticator: AnyAuthenticator | undefined): boolean {
  return typeof authenticator === "object" && authenticator.checksOrigin === true;
}

/** The application's thenables may be no promises. */
function settled<TValue>(value: TValue | PromiseLike<TValue>): MaybePromise<TValue> {
  return isThenable(value) ? Promise.resolve(value) : value;
}

/** The host that the page has connected to. A trusted proxy may have put its own into `Host`. */
function hostOf({ source }: LocatedRequest, header: GetHeader): string {
  const forwarded = source.isTrustedProxy ? header("x-forwarded-host") : undefined;
  const [first = ""] = (forwarded ?? "").split(",", 1);
  return first.trim() || (header("host") ?? "");
}

/** Browsers send a password that they know (`Basic`, `Digest`, `Negotiate`) as they send a cookie. No page can set a token. */
function isSentByBrowsers(authorization: string | null | undefined): boolean {
  return /^(basic|digest|negotiate|ntlm)\b/i.test(authorization ?? "");
}

/**
 * A plain GET, by which a client learns why its handshake failed. A browser sends no `Origin` with a GET to the page's own
 * origin. The answer is a status without a body, which no page of another origin can read.
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

/** Browsers send a name that is not ASCII in its ASCII form, `xn--…`. */
function sentOrigin(origin: string): string {
  const isName = /^https?:/.test(origin) && URL.canParse(origin);
  return isName ? (canonicalOrigin(new URL(origin).origin) ?? origin) : origin;
}

function adviceFor(origin: string): string {
  if (canonicalOrigin(origin) !== undefined) return `To allow it: ${lineFor(origin)}`;
  return "Files and sandboxed frames of every site have this origin: give such a page a ticket in place of its cookie.";
}

/** For a line of code to copy: no quotes and backslashes either. */
function quotable(text: string): string {
  return printableAscii(text, MAX_TEXT).replace(/["\\]/g, "?");
}

function lineFor(origin: string): string {
  return `createWebSocketSystem({ allowedOrigins: ["${quotable(origin)}"] })`;
}
