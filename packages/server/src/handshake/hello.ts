import type { ChannelState, HelloMessage } from "@halyard/protocol";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { Authorization } from "../messages/authorization.ts";
import { GLOBAL_CHANNEL, roomChannel, roomNameOf, userChannel } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { AnyConfig } from "../config.ts";
import type { ServerContext } from "../assembly.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import { allMaybe } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { sendReply } from "../messages/error-replies.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { canCommit, commitReplay, planReplay, pushReplay, replayBudget } from "../channels/replay.ts";
import type { Replay, ReplayPlan } from "../channels/replay.ts";
import type { Rooms } from "../messages/rooms.ts";
import { resolveRequestedChannels } from "./requested-channels.ts";
import { channelsJson, ownProfileJson, limitsJson } from "./welcome-frame.ts";
import type { ChannelRequest } from "./requested-channels.ts";

export interface HelloHandlerParts {
  readonly core: ServerContext;
  readonly authorization: Authorization;
  readonly rooms: Rooms;
}

type OnConnect = NonNullable<AnyConfig["onConnect"]>;

/** What a client asks for when it says hello. */
type SubscriptionRequest = Pick<HelloMessage, "positions" | "rooms"> & { readonly re: string | undefined };

const NO_SUBSCRIPTIONS: SubscriptionRequest = { positions: [], rooms: [], re: undefined };
const MAX_PLAN_ATTEMPTS = 3;

interface PermittedSubscriptions {
  readonly wishes: readonly ChannelRequest[];
  readonly re: string | undefined;
}

/** Lets a connection in: asks who it was, subscribes it, replays what it missed, and says welcome, in one step. */
export class HelloHandler {
  readonly #parts: HelloHandlerParts;
  #limitsJson: string | undefined;

  constructor(parts: HelloHandlerParts) {
    this.#parts = parts;
  }

  /** A plain client hears what happens from now on. */
  welcomePlainClient(connection: Connection): MaybePromise<unknown> {
    const connecting = this.#connected(connection);
    return connecting === undefined
      ? this.#welcome(connection, NO_SUBSCRIPTIONS)
      : this.#welcomePlainLater(connection, connecting);
  }

  async #welcomePlainLater(connection: Connection, connecting: Promise<void>): Promise<void> {
    await connecting;
    await this.#welcome(connection, NO_SUBSCRIPTIONS);
  }

  /** @throws HalyardError `contract_mismatch`, `conflict`
   * @param re what the client called its hello: the welcome carries it, so that an earlier one is not taken for it */
  async handleHello(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void> {
    const { core } = this.#parts;
    if (core.config.acceptContract?.(hello.contract) === false) {
      connection.close(CloseCode.ContractTooOld, "contract_mismatch");
      return;
    }
    const isAlreadyConnected = connection.stage === "open";
    if (isAlreadyConnected) {
      // Between this hello and its welcome nothing is sent: the plain subscriptions end here.
      this.#unsubscribe(connection);
      connection.stage = "handshaking";
    }
    if (!(await this.#adoptClientId(connection, hello))) return;
    if (!isAlreadyConnected) await this.#connected(connection);
    await this.#welcome(connection, { ...hello, re });
  }

  /** @returns false when a newer attempt is here, or the user has too many clients */
  async #adoptClientId(connection: Connection, hello: HelloMessage): Promise<boolean> {
    const { core } = this.#parts;
    const { client, user } = connection.client;
    if (client !== connection.id) {
      // The URL has said it already; a client that says something else now is confused.
      if (client !== hello.clientId || connection.attempt !== hello.attempt)
        throw new HalyardError("conflict");
      return true;
    }
    const { maxConnectionsPerUser: limit = 20 } = core.config;
    const { clientId, attempt } = hello;
    const request = {
      user,
      client: clientId,
      attempt,
      connectionId: connection.id,
      limit,
      policy: "reject" as const,
    };
    const admission = await core.backplane.admit(request);
    if (isClosed(connection)) return false;
    if (!admission.admitted) {
      const isOld = admission.reason === "superseded";
      connection.close(isOld ? CloseCode.Superseded : CloseCode.ConnectionLimit);
      return false;
    }
    connection.client = { user, client: clientId };
    connection.attempt = attempt;
    connection.isV1 = true;
    for (const old of admission.replaced.length === 0 ? [] : core.connections.ofUser(user))
      if (admission.replaced.includes(old.id)) old.close(CloseCode.Superseded);
    return true;
  }

  /** The application's `onConnect`, which may join rooms. Its failure is its own. */
  #connected(connection: Connection): Promise<void> | undefined {
    const { onConnect } = this.#parts.core.config;
    connection.isConnected = true;
    return onConnect && this.#callOnConnect(connection, onConnect);
  }

  async #callOnConnect({ ws, identity }: Connection, onConnect: OnConnect): Promise<void> {
    const { core } = this.#parts;
    try {
      const connecting = onConnect({ ws, user: identity.user, session: identity.session });
      await withDeadline(connecting, { clock: core.clock, ms: core.limits.handlerMs });
    } catch (error) {
      core.report(error, { type: "onConnect", ws });
    }
  }

  #welcome(connection: Connection, hello: SubscriptionRequest): MaybePromise<unknown> {
    const wishes = resolveRequestedChannels(connection, hello, this.#parts);
    return wishes instanceof Promise
      ? this.#subscribeLater(connection, wishes, hello.re)
      : this.#subscribe(connection, { wishes, re: hello.re });
  }

  async #subscribeLater(
    connection: Connection,
    wishes: Promise<readonly ChannelRequest[]>,
    re: string | undefined,
  ): Promise<void> {
    await this.#subscribe(connection, { wishes: await wishes, re });
  }

  #subscribe(connection: Connection, wanted: PermittedSubscriptions): MaybePromise<unknown> {
    const { wishes } = wanted;
    const plans = this.#plan(wishes.every(isGranted) ? wishes : wishes.filter(isGranted));
    return plans instanceof Promise
      ? this.#commitLater(connection, plans, wanted)
      : this.#commit(connection, plans, wanted);
  }

  /** So much may be published while plans are made that some do not reach back any more: those are made again. */
  async #commitLater(
    connection: Connection,
    planning: Promise<readonly ReplayPlan[]>,
    wanted: PermittedSubscriptions,
  ): Promise<void> {
    const { channels } = this.#parts.core;
    let plans = await planning;
    for (
      let tries = 0;
      tries < MAX_PLAN_ATTEMPTS && !plans.every((plan) => canCommit(channels, plan));
      tries++
    )
      plans = await this.#plan(plans.map(({ channel, from }) => ({ channel: channel.name, position: from })));
    await this.#commit(connection, plans, wanted);
  }

  /** From the check of the plans on in one turn: nothing can be published between position, replay and subscription. */
  #commit(
    connection: Connection,
    plans: readonly ReplayPlan[],
    { wishes, re }: PermittedSubscriptions,
  ): MaybePromise<unknown> {
    const { core } = this.#parts;
    if (isClosed(connection)) return undefined;
    for (const { channel } of plans)
      if (!core.channels.isCurrent(channel)) throw new HalyardError("unavailable");
    const budget = replayBudget();
    const replays: Replay[] = [];
    for (const plan of plans) {
      replays.push(commitReplay(core.channels, connection, { plan, budget }));
      const room = roomNameOf(plan.channel.name);
      if (room !== undefined) (connection.rooms ??= new Set()).add(room);
    }
    connection.stage = "open";
    core.clock.clearTimeout(connection.helloTimer);
    this.#limitsJson ??= limitsJson(core);
    const channels = channelsJson(wishes, replays);
    sendReply(
      connection,
      `${ownProfileJson(connection, core.connections)},${this.#limitsJson},"channels":${channels}`,
      re,
    );
    for (const { channel, state, entries } of replays) {
      if (isGap(state.recovered)) connection.push(new OutboundFrame(gapJson(channel, state)));
      pushReplay(connection, channel, entries);
    }
    this.#sendRefused(connection, wishes);
    connection.serverRequests?.flush();
    const subscribed = this.#subscribePresence(connection);
    const isFirstConnection = connection.rooms === undefined && connection.roomsJoinedByServer === undefined;
    return subscribed === undefined && isFirstConnection
      ? undefined
      : this.#enterRooms(connection, subscribed);
  }

  async #enterRooms(connection: Connection, subscribed: Promise<void> | undefined): Promise<void> {
    const { rooms } = this.#parts;
    await subscribed;
    for (const room of connection.rooms ?? []) await rooms.sendJoined(connection, room);
    // Whoever was invited while the welcome was prepared.
    for (const room of connection.roomsJoinedByServer ?? []) await rooms.joinByServer(connection, room);
  }

  #plan(
    wishes: readonly Pick<ChannelRequest, "channel" | "position">[],
  ): MaybePromise<readonly ReplayPlan[]> {
    const { channels, backplane } = this.#parts.core;
    const plans: MaybePromise<ReplayPlan>[] = [];
    for (const wish of wishes) plans.push(planReplay(channels, backplane, wish));
    return allMaybe(plans);
  }

  #sendRefused(connection: Connection, wishes: readonly ChannelRequest[]): void {
    for (const { channel, position, rejectedFor } of wishes) {
      if (rejectedFor === undefined) continue;
      const room = roomNameOf(channel);
      if (position !== undefined)
        connection.push(new OutboundFrame(gapJson(channel, { ...position, recovered: "forbidden" })));
      if (room !== undefined)
        connection.push(new OutboundFrame(JSON.stringify({ type: "left", room, reason: rejectedFor })));
    }
  }

  #subscribePresence(connection: Connection): Promise<void> | undefined {
    const { core, authorization } = this.#parts;
    if ((core.config.builtIns?.presence ?? "all") !== "all") return undefined;
    const canReadRoster = authorization.allows(connection, "presence", GLOBAL_CHANNEL);
    if (canReadRoster instanceof Promise) return this.#showLater(connection, canReadRoster);
    if (canReadRoster && !isClosed(connection)) core.presence.subscribe(connection);
    return undefined;
  }

  async #showLater(connection: Connection, canReadRoster: Promise<boolean>): Promise<void> {
    if ((await canReadRoster) && !isClosed(connection)) this.#parts.core.presence.subscribe(connection);
  }

  #unsubscribe(connection: Connection): void {
    const { core } = this.#parts;
    core.channels.remove(GLOBAL_CHANNEL, connection);
    core.channels.remove(userChannel(connection.userId), connection);
    core.presence.unsubscribe(connection);
    for (const room of connection.rooms ?? []) {
      core.channels.remove(roomChannel(room), connection);
      core.presence.unsubscribe(connection, room);
    }
  }
}

function isGranted({ rejectedFor }: ChannelRequest): boolean {
  return rejectedFor === undefined;
}

// Asked again after each await: TypeScript would believe that the stage is what it was.
function isClosed(connection: Connection): boolean {
  return connection.stage === "closed";
}

function isGap(recovered: ChannelState["recovered"]): boolean {
  return recovered !== true && recovered !== "new" && recovered !== "pending";
}

function gapJson(ch: string, { epoch, off, recovered }: ChannelState): string {
  return JSON.stringify({ type: "gap", ch, epoch, off, reason: recovered });
}
