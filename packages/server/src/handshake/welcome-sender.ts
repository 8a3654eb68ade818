// Subscribes a connection to its channels, replays what it missed and sends the welcome.
// Called by HelloHandler for a v1 client's hello, and at once for a plain client.
// Guarantees: nothing is published between a channel's position in the welcome, its replay and the subscription to it.
import type { ChannelState, HelloMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { roomNameOf } from "../channels/channel-name.ts";
import { canCommit, commitReplay, planReplay, pushReplay, replayBudget } from "../channels/replay.ts";
import type { Replay, ReplayPlan } from "../channels/replay.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { sendReply } from "../messages/error-replies.ts";
import type { Clock } from "../types.ts";
import { isClosed } from "../connection/is-closed.ts";
import { andThen, whenAll } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Memberships } from "./memberships.ts";
import type { ChannelRequest, RequestedChannels } from "./requested-channels.ts";
import type { WelcomeFrame } from "./welcome-frame.ts";

/** What {@link WelcomeSender} uses. */
export interface WelcomeSenderParts {
  readonly channels: ChannelHub;
  readonly backplane: Backplane;
  readonly clock: Clock;
  readonly requestedChannels: RequestedChannels;
  readonly welcomeFrame: WelcomeFrame;
  readonly memberships: Memberships;
}

/** What a client requests by its hello. */
export type SubscriptionRequest = Pick<HelloMessage, "positions" | "rooms"> & {
  /** The client's id of the hello. */
  readonly re: string | undefined;
};

type PlannedChannel = Pick<ChannelRequest, "channel" | "position">;

interface CheckedRequest {
  readonly requests: readonly ChannelRequest[];
  readonly re: string | undefined;
}

const MAX_PLAN_ATTEMPTS = 3;

/** Sends welcomes. */
export class WelcomeSender {
  readonly #parts: WelcomeSenderParts;

  constructor(parts: WelcomeSenderParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError, also by rejecting: `unavailable`, or what the backplane throws */
  send(connection: Connection, request: SubscriptionRequest): MaybePromise<void> {
    return andThen(this.#parts.requestedChannels.resolve(connection, request), (requests) =>
      andThen(this.#planReplays(requests.filter(isPermitted)), (plans) => {
        if (isClosed(connection)) return undefined;
        this.#commit(connection, plans, { requests, re: request.re });
        return this.#parts.memberships.enter(connection);
      }),
    );
  }

  /** Ends the subscriptions of an earlier welcome. */
  withdraw(connection: Connection): void {
    this.#parts.memberships.unsubscribe(connection);
  }

  /** Synchronous from the check of the plans to the last subscription: nothing can be published in between. */
  #commit(connection: Connection, plans: readonly ReplayPlan[], { requests, re }: CheckedRequest): void {
    const { channels, clock, welcomeFrame } = this.#parts;
    for (const { channel } of plans) if (!channels.isCurrent(channel)) throw new HalyardError("unavailable");
    const replays = this.#subscribeAll(connection, plans);
    connection.stage = "open";
    clock.clearTimeout(connection.helloTimer);
    sendReply(connection, welcomeFrame.openJson(connection, requests, replays), re);
    for (const { channel, state, entries } of replays) {
      if (isGap(state.recovered)) connection.push(new OutboundFrame(gapJson(channel, state)));
      pushReplay(connection, channel, entries);
    }
    sendRefusals(connection, requests);
    connection.serverRequests?.flush();
  }

  #subscribeAll(connection: Connection, plans: readonly ReplayPlan[]): readonly Replay[] {
    const budget = replayBudget();
    const replays: Replay[] = [];
    for (const plan of plans) {
      replays.push(commitReplay(this.#parts.channels, connection, { plan, budget }));
      const room = roomNameOf(plan.channel.name);
      if (room !== undefined) (connection.rooms ??= new Set()).add(room);
    }
    return replays;
  }

  /** While plans are made, so much may be published that a plan no longer reaches back: all are made again. */
  #planReplays(requests: readonly PlannedChannel[], attempt = 0): MaybePromise<readonly ReplayPlan[]> {
    const { channels, backplane } = this.#parts;
    const planned = whenAll(requests.map((request) => planReplay(channels, backplane, request)));
    return andThen(planned, (plans) =>
      attempt === MAX_PLAN_ATTEMPTS || plans.every((plan) => canCommit(channels, plan))
        ? plans
        : this.#planReplays(requests, attempt + 1),
    );
  }
}

function isPermitted({ rejectedFor }: ChannelRequest): boolean {
  return rejectedFor === undefined;
}

function sendRefusals(connection: Connection, requests: readonly ChannelRequest[]): void {
  for (const { channel, position, rejectedFor } of requests) {
    if (rejectedFor === undefined) continue;
    const room = roomNameOf(channel);
    if (position !== undefined)
      connection.push(new OutboundFrame(gapJson(channel, { ...position, recovered: "forbidden" })));
    if (room !== undefined)
      connection.push(new OutboundFrame(JSON.stringify({ type: "left", room, reason: rejectedFor })));
  }
}

function isGap(recovered: ChannelState["recovered"]): boolean {
  return recovered !== true && recovered !== "new" && recovered !== "pending";
}

function gapJson(ch: string, { epoch, off, recovered }: ChannelState): string {
  return JSON.stringify({ type: "gap", ch, epoch, off, reason: recovered });
}
