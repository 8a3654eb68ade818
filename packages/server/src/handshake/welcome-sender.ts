// Subscribes a connection to its channels, replays what it missed and sends the welcome.
// Called by HelloHandler for a v1 client's hello, and at once for a plain client.
// Guarantees: nothing is published between a channel's position in the welcome, its replay and the subscription to it.
import type { ChannelState, HelloMessage } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { roomNameOf } from "../channels/channel-name.ts";
import type { ReplayPlanner } from "../channels/replay-planner.ts";
import { commitReplay, pushReplay, replayBudget } from "../channels/replay.ts";
import type { Replay, ReplayPlan } from "../channels/replay.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { sendReply } from "../messages/error-replies.ts";
import type { Clock } from "../types.ts";
import { isClosed } from "../connection/is-closed.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Memberships } from "./memberships.ts";
import type { ChannelRequest, RequestedChannels } from "./requested-channels.ts";
import type { WelcomeFrame } from "./welcome-frame.ts";

/** What {@link WelcomeSender} uses. */
export interface WelcomeSenderParts {
  readonly channels: ChannelHub;
  readonly replayPlanner: ReplayPlanner;
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

interface CheckedRequest {
  readonly requests: readonly ChannelRequest[];
  readonly re: string | undefined;
}

/** Sends welcomes. */
export class WelcomeSender {
  readonly #parts: WelcomeSenderParts;

  constructor(parts: WelcomeSenderParts) {
    this.#parts = parts;
  }

  /** @throws HalyardError, also by rejecting: `unavailable`, or what the backplane throws */
  send(connection: Connection, request: SubscriptionRequest): MaybePromise<void> {
    const { memberships, replayPlanner, requestedChannels } = this.#parts;
    return andThen(requestedChannels.resolve(connection, request), (requests) => {
      const planned = replayPlanner.run(connection, requests.filter(isPermitted), (plans) => {
        this.#commit(connection, plans, { requests, re: request.re });
      });
      return andThen(planned, () => (isClosed(connection) ? undefined : memberships.enter(connection)));
    });
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
