// Subscribes a connection to its channels, replays what it missed and sends the welcome.
// Called by HelloHandler for a v1 client's hello, and at once for a plain client.
// Guarantees: nothing is published between a channel's position in the welcome, its replay and the subscription to it; a channel
// that the backplane cannot read, or about which `authorize` has not answered yet, is pending in the welcome and subscribed to later.
import type { HelloMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { GLOBAL_CHANNEL, roomNameOf } from "../channels/channel-name.ts";
import type { ReplayPlanner } from "../channels/replay-planner.ts";
import { commitReplay, gapFrame, isGap, pushReplays, replayBudget } from "../channels/replay.ts";
import type { Replay, ReplayPlan } from "../channels/replay.ts";
import type { Connection } from "../connection/connection.ts";
import { PendingRooms } from "../connection/pending-rooms.ts";
import { UnfinishedWelcome } from "../availability/unfinished-welcome.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { sendReply } from "../messages/error-replies.ts";
import type { Clock } from "../types.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Memberships } from "./memberships.ts";
import type { ChannelRequest, RequestedChannels } from "./requested-channels.ts";
import type { WelcomeFrame } from "./welcome-frame.ts";

/** The dependencies of {@link WelcomeSender}. */
export interface WelcomeSenderParts {
  readonly channels: ChannelHub;
  readonly replayPlanner: ReplayPlanner;
  readonly clock: Clock;
  readonly monitor: Pick<BackplaneMonitor, "suspect">;
  /** Subscribes a connection to `all` once `authorize` has answered. */
  readonly finisher: { finish(connection: Connection): Promise<void> };
  readonly requestedChannels: RequestedChannels;
  readonly welcomeFrame: WelcomeFrame;
  readonly memberships: Memberships;
}

/** What a client requests with its hello. */
export type SubscriptionRequest = Pick<HelloMessage, "positions" | "rooms"> & {
  /** The id of the hello. */
  readonly re: string | undefined;
};

interface CheckedRequest {
  readonly requests: readonly ChannelRequest[];
  readonly re: string | undefined;
  readonly forgotten: boolean | undefined;
}

/** Sends welcomes. */
export class WelcomeSender {
  readonly #parts: WelcomeSenderParts;

  constructor(parts: WelcomeSenderParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError, also by rejecting: `unavailable`, or what the backplane throws */
  send(connection: Connection, request: SubscriptionRequest): MaybePromise<void> {
    const { finisher, memberships, replayPlanner, requestedChannels, welcomeFrame } = this.#parts;
    const version = connection.rightsVersion;
    return andThen(requestedChannels.resolve(connection, request), (requests) =>
      andThen(welcomeFrame.hasForgotten(connection), (forgotten) => {
        const planned = replayPlanner.run(connection, requests.filter(isPermitted), (plans) => {
          // The rights have changed since `authorize` was asked, so its answers no longer count.
          if (version !== connection.rightsVersion) return;
          this.#commit(connection, plans, { requests, re: request.re, forgotten });
        });
        return andThen(planned, () => {
          if (isClosed(connection)) return undefined;
          if (connection.stage !== "open") return this.send(connection, request);
          if (requests.some(isLateGlobal)) void finisher.finish(connection);
          return memberships.enter(connection);
        });
      }),
    );
  }

  /** Ends the subscriptions of an earlier welcome. */
  withdraw(connection: Connection): void {
    this.#parts.memberships.unsubscribe(connection);
  }

  /** Synchronous from the check of the plans to the last subscription, so that nothing can be published in between. */
  #commit(connection: Connection, plans: readonly ReplayPlan[], request: CheckedRequest): void {
    const { channels, clock, memberships, welcomeFrame } = this.#parts;
    const { re, forgotten } = request;
    const requests = this.#withUnplanned(request.requests, plans);
    for (const { channel } of plans) if (!channels.isCurrent(channel)) throw new HalyardError("unavailable");
    for (const { channel, rejectedFor } of requests)
      if (rejectedFor !== undefined) memberships.end(connection, roomNameOf(channel));
    const replays = this.#subscribeAll(connection, plans);
    this.#keepPending(connection, requests);
    if (isRecovery(replays)) channels.recoveries++;
    if (connection.unfinished?.hasUnreadRooms !== true) connection.takenRooms = undefined;
    connection.stage = "open";
    clock.clearTimeout(connection.helloTimer);
    sendReply(connection, welcomeFrame.openJson(connection, { requests, replays, forgotten }), re);
    // All gaps come before any replay, so that losing the connection during a replay loses no gap.
    for (const { channel, state } of replays)
      if (isGap(state.recovered)) connection.push(gapFrame(channel, state));
    for (const { channel, position, rejectedFor } of requests)
      if (rejectedFor !== undefined && position !== undefined)
        connection.push(gapFrame(channel, { ...position, recovered: "forbidden" }));
    sendRefusals(connection, requests);
    pushReplays(connection, replays);
    connection.serverRequests?.flush();
    connection.flushAfterWelcome();
  }

  /** Marks permitted channels without a plan as pending: they are subscribed to later. */
  #withUnplanned(
    requests: readonly ChannelRequest[],
    plans: readonly ReplayPlan[],
  ): readonly ChannelRequest[] {
    if (plans.length === requests.length) return requests;
    const planned = new Set(plans.map(({ channel }) => channel.name));
    return requests.map((request) =>
      isPermitted(request) && !planned.has(request.channel)
        ? { ...request, isPending: true, isPaid: true }
        : request,
    );
  }

  #keepPending(connection: Connection, requests: readonly ChannelRequest[]): void {
    connection.unfinished?.channels.clear();
    for (const { channel, position, isLate, isPaid, isPending } of requests) {
      if (isPending !== true) continue;
      const room = roomNameOf(channel);
      if (room !== undefined)
        (connection.pendingRooms ??= new PendingRooms()).add(room, { position, isPaid: isPaid === true });
      else (connection.unfinished ??= new UnfinishedWelcome()).channels.set(channel, position);
      if (isPaid === true && isLate !== true) this.#parts.monitor.suspect();
    }
  }

  #subscribeAll(connection: Connection, plans: readonly ReplayPlan[]): readonly Replay[] {
    const budget = replayBudget();
    const replays: Replay[] = [];
    for (const plan of plans) {
      replays.push(commitReplay(this.#parts.channels, connection, { plan, budget }));
      const room = roomNameOf(plan.channel.name);
      if (room !== undefined) connection.noteJoined(room);
    }
    return replays;
  }
}

/** Whether the client has resumed and missed no message for good. */
function isRecovery(replays: readonly Replay[]): boolean {
  return (
    replays.some(({ state }) => state.recovered === true) &&
    !replays.some(({ state }) => isGap(state.recovered))
  );
}

function isPermitted({ rejectedFor, isPending }: ChannelRequest): boolean {
  return rejectedFor === undefined && isPending !== true;
}

function isLateGlobal({ channel, isLate }: ChannelRequest): boolean {
  return isLate === true && channel === GLOBAL_CHANNEL;
}

function sendRefusals(connection: Connection, requests: readonly ChannelRequest[]): void {
  for (const { channel, rejectedFor } of requests) {
    if (rejectedFor === undefined) continue;
    const room = roomNameOf(channel);
    if (room !== undefined)
      connection.push(new OutboundFrame(JSON.stringify({ type: "left", room, reason: rejectedFor })));
  }
}
