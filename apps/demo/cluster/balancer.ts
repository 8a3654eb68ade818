// The port in front of the nodes: each request and each socket goes to the next node that is up, without sticky sessions.
// The balancer itself answers the requests of the page about the cluster.
import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { CLUSTER_PATH } from "../shared/cluster.ts";
import type { ClusterAction } from "../shared/cluster.ts";
import type { Cluster } from "./cluster.ts";

const HOST = "127.0.0.1";
const MAX_BODY_BYTES = 1_024;
const Action = z.union([
  z.object({ action: z.enum(["kill", "maintain"]), node: z.string() }),
  z.object({ action: z.enum(["stop-redis", "start-redis"]) }),
]) satisfies z.ZodType<ClusterAction>;

type BalancedCluster = Pick<
  Cluster,
  "status" | "nextPort" | "kill" | "maintain" | "stopRedis" | "startRedis"
>;

/** @param origin the origin of the page: no other page may end a node */
export function createBalancer(cluster: BalancedCluster, origin: string): Server {
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === CLUSTER_PATH)
      answer(cluster, origin, incoming).then(
        (status) =>
          outgoing
            .writeHead(status, { "content-type": "application/json" })
            .end(JSON.stringify(cluster.status())),
        () => outgoing.writeHead(400).end(),
      );
    else forward(cluster.nextPort("request"), incoming, outgoing);
  });
  server.on("upgrade", (incoming, socket, head) => {
    forwardUpgrade(cluster.nextPort("socket"), incoming, { socket, head });
  });
  return server;
}

/** Begins an action. @returns the HTTP status of the answer @throws Error for a body that is not an action */
async function answer(cluster: BalancedCluster, origin: string, incoming: IncomingMessage): Promise<number> {
  if (incoming.method !== "POST") return 200;
  if (incoming.headers.origin !== origin) return 403;
  const action = Action.parse(JSON.parse(await readBody(incoming)));
  // The answer only confirms that the action has begun; the status shows its progress.
  const done = act(cluster, action);
  done.catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  return 202;
}

async function act(cluster: BalancedCluster, action: ClusterAction): Promise<void> {
  if (action.action === "kill") await cluster.kill(action.node);
  else if (action.action === "maintain") await cluster.maintain(action.node);
  else if (action.action === "stop-redis") await cluster.stopRedis();
  else await cluster.startRedis();
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    body += chunk.toString();
    if (body.length > MAX_BODY_BYTES) throw new RangeError("too long");
  }
  return body;
}

function forward(port: number | undefined, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (port === undefined) {
    outgoing.writeHead(503, { "retry-after": "1" }).end();
    return;
  }
  const { method, url: path, headers } = incoming;
  const onward = request({ host: HOST, port, method, path, headers, agent: false }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
    response.on("error", () => outgoing.destroy());
  });
  onward.on("error", () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}

function forwardUpgrade(
  port: number | undefined,
  incoming: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
): void {
  // Without a listener, the reset of one page would end the balancer, and all processes behind it.
  socket.on("error", () => socket.destroy());
  if (port === undefined) {
    socket.end("HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\r\n");
    return;
  }
  const onward: Socket = connect({ port, host: HOST, noDelay: true });
  // The head of the request is passed on unchanged, with its names, order and case.
  const lines = [`${incoming.method ?? "GET"} ${incoming.url ?? "/"} HTTP/1.1`];
  for (let index = 0; index < incoming.rawHeaders.length; index += 2)
    lines.push(`${incoming.rawHeaders[index] ?? ""}: ${incoming.rawHeaders[index + 1] ?? ""}`);
  onward.write(`${lines.join("\r\n")}\r\n\r\n`);
  onward.write(head);
  onward.pipe(socket).pipe(onward);
  const end = (): void => {
    onward.destroy();
    socket.destroy();
  };
  for (const stream of [onward, socket]) stream.on("error", end).on("close", end);
}
