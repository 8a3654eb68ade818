import { Backlog } from "../delivery/backlog.ts";
import type { ChannelState as Recovered, GapReason, Position } from "@halyard/protocol";
import { LIMITS } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import { toEntry } from "./channel.ts";
import type { Channel, ReplayEntry } from "./channel.ts";
import type { ChannelHub } from "./channel-hub.ts";
import { clientKey } from "./envelope.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Connection } from "../connection/connection.ts";

/** What one resume may still replay, over all its channels. */
export interface ReplayBudget {
  messages: number;
  bytes: number;
}

export function replayBudget(): ReplayBudget {
  return { messages: LIMITS.replayedMessages, bytes: LIMITS.replayedBytes };
}

/** A channel that a connection is about to read, from a position or from now on. */
export interface ReplayPlan {
  readonly channel: Channel;
  readonly from: Position | undefined;
  /** Set when it is known already that the position cannot be recovered. */
  readonly gap: GapReason | undefined;
  /** What history held after the position when it was read; the node's own newest frames continue it. */
  readonly entries: readonly (ReplayEntry & { readonly prev: number })[];
}

/** What a plan came to, at the moment in which the connection was subscribed. */
export interface Replay {
  readonly channel: string;
  readonly state: Recovered;
  readonly entries: readonly ReplayEntry[];
}

const MAX_PLAN_ATTEMPTS = 3;
const NO_ENTRIES: ReplayPlan["entries"] = [];

interface RequestedChannel {
  readonly channel: string;
  readonly position: Position | undefined;
}

/**
 * Finds out how a connection can go on reading a channel. Asks the history only where this node's own frames do not reach.
 * Fails by rejecting only.
 */
export function planReplay(
  hub: ChannelHub,
  backplane: Backplane,
  wanted: RequestedChannel,
): MaybePromise<ReplayPlan> {
  const { position } = wanted;
  if (position !== undefined) return planFrom(position, { hub, backplane, name: wanted.channel });
  const channel = hub.whenSynced(wanted.channel);
  return channel instanceof Promise ? planNewAsync(channel) : planNew(channel);
}

function planNew(channel: Channel): ReplayPlan {
  return { channel, from: undefined, gap: undefined, entries: NO_ENTRIES };
}

async function planNewAsync(channel: Promise<Channel>): Promise<ReplayPlan> {
  return planNew(await channel);
}

async function planFrom(
  from: Position,
  {
    hub,
    backplane,
    name,
  }: { readonly hub: ChannelHub; readonly backplane: Backplane; readonly name: string },
): Promise<ReplayPlan> {
  let channel = await hub.whenSynced(name);
  const plan = (gap: GapReason | undefined, entries: ReplayPlan["entries"] = []): ReplayPlan => ({
    channel,
    from,
    gap,
    entries,
  });
  for (let attempt = 0; attempt < MAX_PLAN_ATTEMPTS; attempt++) {
    if (from.epoch !== channel.epoch) return plan("lost");
    if (from.off > channel.offset) await hub.refresh(channel);
    if (from.off > channel.offset) return plan("lost");
    if (channel.framesAfter(from.off) !== undefined) return plan(undefined);
    const read = await backplane.read(channel.name, {
      after: from.off,
      limit: LIMITS.replayedMessages + 1,
    });
    if (read.epoch !== from.epoch) return plan("lost");
    if (read.entries.length > LIMITS.replayedMessages) return plan("too_many");
    if (read.entries[0]?.prev !== from.off) return plan("trimmed");
    const entries = read.entries.map((entry) => toEntry(channel.name, entry));
    if (continuation(channel, from.off, entries) !== undefined) return plan(undefined, entries);
    channel = await hub.whenSynced(name);
  }
  return plan("trimmed");
}

/** Whether a plan still holds; if it does, {@link commitReplay} in the same turn cannot fail. */
export function canCommit(hub: ChannelHub, { channel, from, gap, entries }: ReplayPlan): boolean {
  if (!hub.isCurrent(channel)) return false;
  return gap !== undefined || from === undefined || continuation(channel, from.off, entries) !== undefined;
}

/** Subscribes the connection and says what it must get first. One synchronous step: nothing can come in between. */
export function commitReplay(
  hub: ChannelHub,
  connection: Connection,
  { plan, budget }: { readonly plan: ReplayPlan; readonly budget: ReplayBudget },
): Replay {
  const { channel, from, gap } = plan;
  const { name, epoch } = channel;
  hub.add(channel, connection);
  if (from === undefined) return withoutReplay(channel, "new");
  if (gap !== undefined) return withoutReplay(channel, gap);

  const entries = continuation(channel, from.off, plan.entries);
  if (entries === undefined) return withoutReplay(channel, "trimmed");
  const bytes = entries.reduce((sum, { frame }) => sum + frame.text.length, 0);
  if (entries.length > budget.messages || bytes > budget.bytes) return withoutReplay(channel, "too_many");
  budget.messages -= entries.length;
  budget.bytes -= bytes;
  // The state's position is where the client stands before the replay, which then moves it.
  return { channel: name, state: { epoch, off: from.off, recovered: true }, entries };
}

function withoutReplay({ name, epoch, offset: off }: Channel, recovered: Recovered["recovered"]): Replay {
  return { channel: name, state: { epoch, off, recovered }, entries: NO_ENTRIES };
}

/** Queues what a connection missed. Messages that left it out only move its position. */
export function pushReplay(connection: Connection, channel: string, entries: readonly ReplayEntry[]): void {
  const ownKey = clientKey(connection.client);
  for (const { frame, excludedClient, offset } of entries) {
    if (excludedClient === ownKey) {
      connection.skip(channel, offset);
      continue;
    }
    connection.pushFromChannel(frame, channel);
    connection.backlog ??= new Backlog();
    connection.backlog.queuedReplayBytes += frame.text.length;
  }
}

/** Everything from a position to where the channel stands now, without a hole, or undefined. */
function continuation(
  channel: Channel,
  from: number,
  read: ReplayPlan["entries"],
): readonly ReplayEntry[] | undefined {
  const entries: ReplayEntry[] = [];
  let at = from;
  for (const entry of read) {
    if (entry.offset > channel.offset) break;
    if (entry.prev !== at) return undefined;
    entries.push(entry);
    at = entry.offset;
  }
  const remaining = channel.framesAfter(at);
  return remaining === undefined ? undefined : [...entries, ...remaining];
}
