import type { IncomingMessage, Server, ServerResponse } from "node:http";

type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Answers some requests before the server's own listeners are called. Replaces `emit`, because listeners that the
 * application adds later would answer a second time.
 *
 * @param intercept returns true for a request that it answers
 * @returns restores `emit`, unless another caller has replaced it since
 */
export function interceptRequests(server: Server, intercept: Intercept): () => void {
  const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean;
  const own = Object.getOwnPropertyDescriptor(server, "emit");
  const intercepting = (event: string, ...values: unknown[]): boolean => {
    const [request, response] = values;
    const isOurs = event === "request" && intercept(request as IncomingMessage, response as ServerResponse);
    return isOurs || emit(event, ...values);
  };
  server.emit = intercepting as Server["emit"];
  return () => {
    if (server.emit !== (intercepting as Server["emit"])) return;
    if (own === undefined) Reflect.deleteProperty(server, "emit");
    else Object.defineProperty(server, "emit", own);
  };
}
