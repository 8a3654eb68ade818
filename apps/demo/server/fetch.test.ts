import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";
import type { Fetch } from "./fetch.ts";
import { createFetch } from "./fetch.ts";
import { loadPage } from "./page.ts";

const ORIGIN = "http://127.0.0.1:3000";
/** A page with an inline style sheet and an inline script, as the build writes them. */
const HTML = "<!doctype html><style>p{}</style><script>go()</script><script>then()</script>";
const FOREIGN = "http://127.0.0.1:5173";

let root: string;
let fetch: Fetch;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "halyard-demo-page-"));
  mkdirSync(join(root, "dist/page/assets"), { recursive: true });
  writeFileSync(join(root, "secret.txt"), "secret");
  writeFileSync(join(root, "dist/page/index.html"), HTML.padEnd(2_000, " "));
  writeFileSync(join(root, "dist/page/assets/index-1a2b.js"), "export {};");
  writeFileSync(join(root, "dist/page/assets/index-1a2b.js.br"), brotliCompressSync("export {};"));
  const config = readConfig({ ALLOWED_ORIGINS: FOREIGN }, root);
  const authHandler = () => Promise.resolve(Response.json({ user: "ada" }));
  const startVisit = () => Response.json({ room: "visit-1" });
  fetch = createFetch({ config, authHandler, startVisit, page: loadPage(config) });
});

afterAll(() => rmSync(root, { recursive: true }));

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");
const get = (path: string, init?: RequestInit) => fetch(new Request(`${ORIGIN}${path}`, init));

describe("the page", () => {
  test("sends the page with a content security policy that allows the texts of the page by their hashes, nothing else inline and nothing from other origins", async () => {
    const { status, headers } = await get("/");
    const policy = headers.get("content-security-policy") ?? "";
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(policy.split("; ")).toEqual([
      "default-src 'self'",
      "connect-src 'self' ws://127.0.0.1:3000 ws://localhost:3000",
      `style-src 'self' 'sha256-${sha256("p{}")}'`,
      `script-src 'self' 'sha256-${sha256("go()")}' 'sha256-${sha256("then()")}'`,
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });

  test("revalidates the page at each request, and caches a file with a hash in its name for a year", async () => {
    expect((await get("/")).headers.get("cache-control")).toBe("no-cache");
    const asset = await get("/assets/index-1a2b.js");
    expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(asset.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  });

  test("answers 304 to the page's etag, and compresses with gzip where the request accepts it", async () => {
    const etag = (await get("/")).headers.get("etag") ?? "";
    expect((await get("/", { headers: { "if-none-match": etag } })).status).toBe(304);
    const zipped = await get("/", { headers: { "accept-encoding": "br, gzip" } });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(Number(zipped.headers.get("content-length"))).toBeLessThan(200);
  });

  test("sends a file that the build has compressed with brotli where the request accepts it", async () => {
    const answer = await get("/assets/index-1a2b.js", { headers: { "accept-encoding": "gzip, br" } });
    expect(answer.headers.get("content-encoding")).toBe("br");
    expect(brotliDecompressSync(await answer.arrayBuffer()).toString()).toBe("export {};");
    const zipped = await get("/assets/index-1a2b.js", { headers: { "accept-encoding": "gzip" } });
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
  });

  test.each([
    "/assets/index-1a2b.js.br",
    "/../../secret.txt",
    "/..%2f..%2fsecret.txt",
    "/%2e%2e/%2e%2e/secret.txt",
    "/assets/",
    "/index.html",
    "//",
  ])("answers 404 to the path %s", async (path) => expect((await get(path)).status).toBe(404));

  test("answers HEAD without a body, and POST with 404", async () => {
    const head = await get("/", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await get("/", { method: "POST" })).status).toBe(404);
  });
});

describe("the path of Better Auth", () => {
  test("answers the page's own origin without CORS headers", async () => {
    const { status, headers } = await get("/api/auth/get-session", { headers: { origin: ORIGIN } });
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.has("access-control-allow-origin")).toBe(false);
  });

  test("answers an allowed origin with CORS headers for it and for credentials", async () => {
    const { headers } = await get("/api/auth/get-session", { headers: { origin: FOREIGN } });
    expect(headers.get("access-control-allow-origin")).toBe(FOREIGN);
    expect(headers.get("access-control-allow-credentials")).toBe("true");
    const preflight = await get("/api/auth/sign-out", { method: "OPTIONS", headers: { origin: FOREIGN } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toBe("content-type");
  });

  test.each(["http://evil.example", "null", "http://127.0.0.1:51730"])(
    "answers 403 to the origin %s and names the option ALLOWED_ORIGINS",
    async (origin) => {
      for (const method of ["GET", "OPTIONS"]) {
        const answer = await get("/api/auth/get-session", { method, headers: { origin } });
        expect(answer.status).toBe(403);
        expect(answer.headers.has("access-control-allow-origin")).toBe(false);
        expect(await answer.text()).toContain("ALLOWED_ORIGINS");
      }
    },
  );
});
