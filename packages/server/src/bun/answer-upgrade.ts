// Answers the requests of one path on Bun: upgrades, and plain requests with the status that an upgrade would get.
// Called by `fetch` of createBunWebSocket.
// Guarantee: a slot whose socket does not open is given back.
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Assembly } from "../assembly.ts";
import type { UpgradeDetails } from "../connection/upgrade-details.ts";
import type { Transport } from "../delivery/transport.ts";
import type { AcceptedUpgrade } from "../handshake/admission.ts";
import { isRejection } from "../handshake/admission.ts";
import type { UpgradeRejection } from "../handshake/upgrade-rejection.ts";
import { headersOf, rejection, validateHandshake } from "../handshake/upgrade-rejection.ts";
import type { IncomingRequest } from "../security/client-address.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import { andThen, rejectedPromise } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { BunServer } from "./bun-server.ts";

const V1_SUBPROTOCOL_HEADERS = { "sec-websocket-protocol": SUBPROTOCOL };

/** What all upgrades of one server share. */
export interface UpgradeContext {
  readonly server: BunServer;
  readonly internals: Assembly;
  readonly pendingUpgrades: Map<string, UpgradeDetails>;
  readonly transport: Transport;
  readonly authenticate: AnyAuthenticator | undefined;
}

/** What an upgraded request is answered with. Bun ignores it; it says that there is nothing left to do. */
const UPGRADED = new Response(null);
const UPGRADED_PROMISE = Promise.resolve(UPGRADED);

/** Without a new promise for an upgrade that is done in the turn of its request: Bun then keeps nothing of the request. */
export function answerUpgrade(request: Request, context: UpgradeContext): Promise<Response> {
  try {
    const response = answer(request, context);
    return response === UPGRADED ? UPGRADED_PROMISE : Promise.resolve(response);
  } catch (error) {
    return rejectedPromise(error);
  }
}

function answer(request: Request, context: UpgradeContext): MaybePromise<Response> {
  const { upgrades } = context.internals;
  const { server } = context;
  const remoteAddress = server.requestIP?.(request)?.address;
  // A client that has reset its connection. Nothing says any more where it came from.
  if (remoteAddress === undefined && server.requestIP !== undefined && server.port !== undefined)
    return respond(rejection(400, undefined));
  const upgradeRequest: IncomingRequest = {
    url: targetOf(request.url),
    headers: request.headers,
    raw: request,
    remoteAddress,
    isOnUnixSocket: server.port === undefined,
  };
  if (request.method !== "GET" || request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    return upgrades.answerPlain(request.method, upgradeRequest, context.authenticate).then(respond);
  const header = headersOf(upgradeRequest);
  const handshakeError = validateHandshake(request.method, header);
  if (handshakeError !== undefined)
    return respond(upgrades.rejectEarly(upgradeRequest, handshakeError, header));
  const answered = upgrades.handleUpgrade(upgradeRequest, context.authenticate, header);
  return andThen(answered, (accepted) => upgrade(request, context, accepted));
}

function upgrade(
  request: Request,
  context: UpgradeContext,
  accepted: AcceptedUpgrade | UpgradeRejection,
): Response {
  if (isRejection(accepted)) return respond(accepted);
  const { data, details } = accepted;
  details.transport = context.transport;
  context.pendingUpgrades.set(data.connectionId, details);
  // Without this header Bun would echo the first offer, which may be a ticket. A plain client has offered nothing.
  const options = details.isV1 ? { data, headers: V1_SUBPROTOCOL_HEADERS } : { data };
  const isUpgraded = context.server.upgrade(request, options);
  // Bun opens the socket within the call. Where the handlers of another system are in use, it is not ours.
  if (context.pendingUpgrades.delete(data.connectionId)) context.internals.upgrades.abandon(accepted);
  return isUpgraded ? UPGRADED : respond(rejection(400, "bad_request"));
}

function respond({ status, headers }: UpgradeRejection): Response {
  return new Response(null, { status, headers });
}

/** Path and query as they came, without the host, which the client chooses. */
export function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}
