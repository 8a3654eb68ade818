import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Config } from "./config.ts";
import type { InlineText } from "./security-headers.ts";
import { pageHeaders } from "./security-headers.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** The extension of a compressed text, which the build writes beside the text (see vite.config.ts). */
const BROTLI = ".br";

interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  /** The encoded bodies, the smallest first. */
  readonly encoded: readonly { readonly encoding: "br" | "gzip"; readonly body: Uint8Array<ArrayBuffer> }[];
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The files of the built page. They are read once, so that no path of a request reaches the file system. */
export interface Page {
  respond(request: Request): Response | undefined;
}

export function loadPage(config: Config): Page {
  const files = new Map<string, PageFile>();
  for (const entry of listFiles(config.pagePath)) {
    const path = entry.replaceAll("\\", "/");
    if (path.endsWith(BROTLI)) continue;
    files.set(path === "index.html" ? "/" : `/${path}`, readPageFile(config, path));
  }
  return { respond: (request) => respond(request, files.get(new URL(request.url).pathname)) };
}

function listFiles(folder: string): string[] {
  // In development Vite serves the page, and there may be no build.
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function readPageFile(config: Config, path: string): PageFile {
  const file = join(config.pagePath, path);
  const body = new Uint8Array(readFileSync(file));
  const isText = extname(path) !== ".woff2";
  return {
    body,
    encoded: isText ? encode(file, body) : [],
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    headers: {
      ...pageHeaders(config, extname(path) === ".html" ? inlineTexts(new TextDecoder().decode(body)) : []),
      "content-type": CONTENT_TYPES[extname(path)] ?? "application/octet-stream",
      // A file below assets/ never changes, because its name has a hash of its content.
      "cache-control": path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ...(isText ? { vary: "accept-encoding" } : {}),
    },
  };
}

function encode(file: string, body: Uint8Array<ArrayBuffer>): PageFile["encoded"] {
  const zipped = { encoding: "gzip", body: new Uint8Array(gzipSync(body)) } as const;
  if (!existsSync(`${file}${BROTLI}`)) return [zipped];
  return [{ encoding: "br", body: new Uint8Array(readFileSync(`${file}${BROTLI}`)) }, zipped];
}

/** The style sheets and scripts that the build has written into the page for the first paint. */
function inlineTexts(html: string): InlineText[] {
  return [...html.matchAll(/<(style|script)>(.*?)<\/\1>/gs)].map(([, tag, text = ""]) => ({
    directive: tag === "style" ? "style-src" : "script-src",
    hash: createHash("sha256").update(text).digest("base64"),
  }));
}

function respond(request: Request, file: PageFile | undefined): Response | undefined {
  if (file === undefined || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
  const headers = new Headers({ ...file.headers, etag: file.etag });
  if (request.headers.get("if-none-match") === file.etag) return new Response(null, { status: 304, headers });
  const accepted = request.headers.get("accept-encoding") ?? "";
  const encoded = file.encoded.find(({ encoding }) => new RegExp(`\\b${encoding}\\b`).test(accepted));
  if (encoded !== undefined) headers.set("content-encoding", encoded.encoding);
  const { body } = encoded ?? file;
  headers.set("content-length", String(body.byteLength));
  return new Response(request.method === "HEAD" ? null : body, { headers });
}
