// Answers the requests of one path on Bun: upgrades, and plain requests with the status that an upgrade would get.
// Called by `fetch` of createBunWebSocket.
// Guarantee: the connection slot is released when its socket does not open.
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Assembly } from "../assembly.ts";
import { targetOf } from "../attach/request-path.ts";
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

/** What all upgrades of one server have in common. */
export interface UpgradeContext {
  readonly server: BunServer;
  readonly internals: Assembly;
  readonly pendingUpgrades: Map<string, UpgradeDetails>;
  readonly transport: Transport;
  readonly authenticate: AnyAuthenticator | undefined;
}

/** The response to an upgraded request. Bun ignores it; the application learns from it that the request has been answered. */
const UPGRADED = new Response(null);
const UPGRADED_PROMISE = Promise.resolve(UPGRADED);

/** Creates no promise when the upgrade is decided in the turn of its request: Bun then keeps no memory for the request. */
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
  // The client has reset its connection, so its address is no longer known.
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
  // Without this header Bun would echo the first offered subprotocol, which may be a ticket. A plain client offers none.
  const options = details.isV1 ? { data, headers: V1_SUBPROTOCOL_HEADERS } : { data };
  const isUpgraded = context.server.upgrade(request, options);
  // Bun opens the socket during the call. If the handlers of another system are in use, they receive the socket.
  if (context.pendingUpgrades.delete(data.connectionId)) context.internals.upgrades.abandon(accepted);
  return isUpgraded ? UPGRADED : respond(rejection(400, "bad_request"));
}

function respond({ status, headers }: UpgradeRejection): Response {
  return new Response(null, { status, headers });
}
