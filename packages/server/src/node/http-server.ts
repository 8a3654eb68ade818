import type { Server } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import { withoutRequests } from "../attach/close-on-signals.ts";

/**
 * The servers that `serve()` of Hono, `app.server` of Fastify and `getHttpServer()` of Nest return. An HTTP/2 server without
 * `allowHTTP1` does not support upgrades and causes a TypeError.
 */
export type HttpServer = Server | HttpsServer | Http2Server | Http2SecureServer;

/** A server that speaks HTTP/1, which upgrades require. */
export type Http1Server = Server;

/** @throws TypeError, with the line to write instead, for anything that is not an HTTP/1 server */
export function requireHttp1Server(server: unknown): Http1Server {
  if (typeof server === "object" && isHttp1Server(server)) return server;
  throw new TypeError(`attachWebSocketServer takes an HTTP server, and got ${adviceFor(server)}`);
}

/** Closes an HTTP server: requests that are being answered get some time, idle connections are closed at once. */
export function closeHttpServer(server: HttpServer): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const [http1, http2] = "closeAllConnections" in server ? [server] : [undefined, server];
  http1?.closeIdleConnections();
  return withoutRequests(closed, () => {
    http1?.closeAllConnections();
    // An HTTP/2 session that stays open has no listener any more, and must not keep the process alive.
    http2?.unref();
  });
}

function isHttp1Server(value: unknown): value is Http1Server {
  return has(value, "on") && has(value, "emit") && has(value, "headersTimeout");
}

function adviceFor(server: unknown): string {
  if (has(server, "updateSettings")) {
    return "one for HTTP/2 alone: write createSecureServer({ allowHTTP1: true, key, cert })";
  }
  if (has(server, "getHttpServer")) return call("an application", "app.getHttpServer()");
  if (has(server, "server") && isHttp1Server(server.server)) return call("an application", "app.server");
  if (typeof server === "function") return call("an application", "createServer(app).listen(3000)");
  if (has(server, "fetch")) return call("an application", "serve({ fetch: app.fetch, port: 3000 })");
  if (has(server, "callback")) return call("an application", "createServer(app.callback()).listen(3000)");
  return call(server === null ? "null" : `a value of type ${typeof server}`, "createServer().listen(3000)");
}

function call(what: string, server: string): string {
  return `${what}: write attachWebSocketServer(${server}, { manager })`;
}

function has<TName extends string>(value: unknown, name: TName): value is Readonly<Record<TName, unknown>> {
  return ((typeof value === "object" && value !== null) || typeof value === "function") && name in value;
}
