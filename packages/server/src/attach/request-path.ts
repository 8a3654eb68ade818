// The path on which a runtime serves WebSockets: the option, its validation, and the comparison with a request.
// Called by the adapter of each runtime.
// Guarantees: a path that could never match throws at once; the application's function is called in one place, and its errors are caught.
import { isPromise } from "@halyard/protocol/internal";
import type { ErrorContext } from "../types.ts";

/** A path, with or without a trailing slash, or a function that decides about a path. */
export type PathOption = string | ((pathname: string) => boolean);

/** Decides whether a path is served. */
export interface PathMatcher {
  /** The path without a trailing slash; undefined when a function decides. */
  readonly path: string | undefined;
  readonly matches: (pathname: string) => boolean;
}

type Report = (error: unknown, context: ErrorContext) => void;

/** @throws TypeError for a path that no request can have */
export function createPathMatcher(option: PathOption = "/ws", report: Report): PathMatcher {
  if (typeof option === "function") return { path: undefined, matches: guarded(option, report) };
  assertPath(option);
  const path = withoutSlash(option);
  return { path, matches: (pathname) => pathname === path || withoutSlash(pathname) === path };
}

/**
 * The path and the query of a request target, as received. The target may be a whole URL, as proxies send it and as Bun always
 * reports it; its host is dropped, because the client chooses it.
 */
export function targetOf(url: string): string {
  if (url.startsWith("/")) return url;
  const [origin = ""] = /^[a-z]+:\/\/[^/?#]*/i.exec(url) ?? [];
  return origin === "" || url.startsWith("/", origin.length) ? url.slice(origin.length) : "/";
}

/** The path of a request target, unparsed: a URL parser would read `//evil.com/ws` as a host and a path. */
export function pathnameOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/** An answer that is not a boolean counts as `false`. */
function guarded(decide: (pathname: string) => unknown, report: Report): PathMatcher["matches"] {
  return (pathname) => {
    try {
      const answer = decide(pathname);
      if (typeof answer === "boolean") return answer;
      if (isPromise(answer)) answer.catch(() => undefined);
      throw new TypeError(`path must return true or false at once, and returned ${String(answer)}`);
    } catch (error) {
      report(error, { type: "path", ws: undefined });
      return false;
    }
  };
}

function assertPath(path: unknown): asserts path is string {
  if (typeof path !== "string") {
    throw new TypeError(`path must be a text or a function, and is ${String(path)}: write path: "/ws"`);
  }
  if (/\*|\/:/.test(path)) {
    throw new TypeError(
      `path ${quote(path)} is a pattern: write path: (pathname) => pathname.startsWith("/ws/")`,
    );
  }
  const possible = asInRequests(path);
  if (path !== possible)
    throw new TypeError(`No request has the path ${quote(path)}: write path: ${quote(possible)}`);
}

/** The path as a client sends it: absolute, encoded, without a query. */
function asInRequests(path: string): string {
  const absolute = /^\w+:\/\//.test(path) ? path : `http://host/${path.replace(/^\/+/, "")}`;
  try {
    return new URL(absolute).pathname;
  } catch {
    return "/ws";
  }
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

const quote = (text: string): string => JSON.stringify(text);
