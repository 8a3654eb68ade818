// Lets a resumed connection continue in a channel: with the messages that it missed, or with a gap.
// The handshake and joins first plan a replay, which may wait for the backplane, and then commit it in one synchronous step.
// No message can be lost or repeated between the position, the replay and the subscription.

import { isPromise } from "@halyard/protocol/internal";
import { Backlog } from "../delivery/backlog.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { ChannelState, GapReason } from "@halyard/protocol";
import type { ResumePosition } from "@halyard/protocol/internal";
import { LIMITS } from "@halyard/protocol/wire";
import type { Channel } from "./channel.ts";
import { roomChannel } from "./channel-name.ts";
import { toReplayEntry } from "./recent-frames.ts";
import type { ReplayEntry } from "./recent-frames.ts";
import type { ChannelHub } from "./channel-hub.ts";
import type { RoomCopies } from "./room-copies.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { Connection } from "../connection/connection.ts";

/** How much one resume may still replay, over all of its channels. */
export interface ReplayBudget {
  messages: number;
  bytes: number;
}

export function replayBudget(): ReplayBudget {
  return { messages: LIMITS.replayedMessages, bytes: LIMITS.replayedBytes };
}

/** How a connection will read a channel: from a position, or from now on. */
export interface ReplayPlan {
  readonly channel: Channel;
  readonly from: ResumePosition | undefined;
  /** Set if the position cannot be recovered. */
  readonly gap: GapReason | undefined;
  /** The entries after the position at the time of the read; the channel's newest frames continue them. */
  readonly entries: readonly ReplayEntry[];
  /** How much of the resume's budget the plan uses. */
  readonly cost: ReplayBudget;
}

/** The frames that a connection missed in a channel, and the rule that decides which of them it gets. */
export interface MissedFrames {
  readonly channel: string;
  readonly entries: readonly ReplayEntry[];
  readonly copies: Pick<RoomCopies, "textFor">;
}

/** The result of a plan at the moment of the subscription. */
export interface Replay extends MissedFrames {
  readonly state: ChannelState;
}

const MAX_PLAN_ATTEMPTS = 3;
const NO_ENTRIES: ReplayPlan["entries"] = [];
const NO_COST: ReplayBudget = { messages: 0, bytes: 0 };

interface RequestedChannel {
  readonly channel: string;
  readonly position: ResumePosition | undefined;
  /** What is left of the resume's budget; the plan takes its part of it. @default a full budget */
  readonly budget?: ReplayBudget | undefined;
}

/**
 * Finds out how a connection can continue in a channel. The history is read only if the channel's newest frames do not
 * reach back to the position, and only as much of it as the budget allows. Rejects, and never throws.
 */
export function planReplay(channels: ChannelHub, requested: RequestedChannel): MaybePromise<ReplayPlan> {
  const { position, budget = replayBudget() } = requested;
  if (position !== undefined) return planFrom(position, { channels, name: requested.channel, budget });
  const channel = channels.whenSynced(requested.channel);
  return isPromise(channel) ? planNewAsync(channel) : planNew(channel);
}

function planNew(channel: Channel): ReplayPlan {
  return { channel, from: undefined, gap: undefined, entries: NO_ENTRIES, cost: NO_COST };
}

async function planNewAsync(channel: Promise<Channel>): Promise<ReplayPlan> {
  return planNew(await channel);
}

interface PlanInput {
  readonly channels: ChannelHub;
  readonly name: string;
  readonly budget: ReplayBudget;
}

async function planFrom(from: ResumePosition, { channels, name, budget }: PlanInput): Promise<ReplayPlan> {
  let channel = await channels.whenSynced(name);
  const gap = (reason: GapReason): ReplayPlan => ({
    channel,
    from,
    gap: reason,
    entries: NO_ENTRIES,
    cost: NO_COST,
  });
  for (let attempt = 0; attempt < MAX_PLAN_ATTEMPTS; attempt++) {
    // This node may lag behind the node that the client was connected to.
    if (from.epoch !== channel.epoch) await channels.refresh(channel);
    if (from.epoch !== channel.epoch) return gap("lost");
    if (from.off > channel.offset) await channels.refresh(channel);
    if (from.off > channel.offset) return gap("lost");
    let entries = NO_ENTRIES;
    let replayed = channel.framesAfter(from.off);
    if (replayed === undefined) {
      if (budget.messages <= 0 || budget.bytes <= 0) return gap("too_many");
      const read = await channels.read(channel.name, {
        after: from.off,
        limit: budget.messages,
        bytes: budget.bytes,
        whole: true,
      });
      if (read.epoch !== from.epoch) return gap("lost");
      if (read.refused !== undefined) return gap(read.refused);
      if (read.entries[0]?.prev !== from.off) return gap("trimmed");
      if (read.entries.at(-1)?.offset !== read.top) return gap("too_many");
      entries = read.entries.map((entry) => toReplayEntry(channel.name, entry));
      replayed = continuation(channel, from.off, entries);
    }
    if (replayed !== undefined) {
      const cost = costOf(replayed);
      if (!take(budget, cost)) return gap("too_many");
      return { channel, from, gap: undefined, entries, cost };
    }
    channel = await channels.whenSynced(name);
  }
  return gap("trimmed");
}

function costOf(entries: readonly ReplayEntry[]): ReplayBudget {
  return { messages: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** @returns false if the budget is not sufficient; it is then unchanged */
function take(budget: ReplayBudget, { messages, bytes }: ReplayBudget): boolean {
  if (messages > budget.messages || bytes > budget.bytes) return false;
  budget.messages -= messages;
  budget.bytes -= bytes;
  return true;
}

/** Whether a plan is still valid. If it is, {@link commitReplay} in the same turn cannot fail. */
export function canCommit(channels: ChannelHub, { channel, from, gap, entries }: ReplayPlan): boolean {
  if (!channels.isCurrent(channel)) return false;
  if (gap !== undefined || from === undefined) return true;
  // The store may have begun a new epoch since the plan was made, in which the same offset belongs to another message.
  return from.epoch === channel.epoch && continuation(channel, from.off, entries) !== undefined;
}

/** Subscribes the connection and returns the frames to send first. One synchronous step, so that nothing is published in between. */
export function commitReplay(
  channels: ChannelHub,
  connection: Connection,
  { plan, budget }: { readonly plan: ReplayPlan; readonly budget: ReplayBudget },
): Replay {
  const { channel, from, gap } = plan;
  const { name, epoch } = channel;
  const withoutReplay = (recovered: ChannelState["recovered"]): Replay => {
    channels.add(channel, connection, channel.offset);
    if (from !== undefined) channels.copies.readBefore(connection, name, from);
    const state = { epoch, off: channel.offset, recovered };
    return { channel: name, state, entries: NO_ENTRIES, copies: channels.copies };
  };
  if (from === undefined) return withoutReplay("new");
  if (gap !== undefined) return withoutReplay(gap);
  if (from.epoch !== epoch) return withoutReplay("lost");

  const entries = continuation(channel, from.off, plan.entries);
  if (entries === undefined) return withoutReplay("trimmed");
  if (!take(budget, costOf(entries))) return withoutReplay("too_many");
  channels.add(channel, connection, from.since);
  // The state has the position before the replay; the replayed frames then advance it.
  channels.replayed += entries.length;
  const state = { epoch, off: from.off, head: channel.offset, recovered: true } as const;
  return { channel: name, state, entries, copies: channels.copies };
}

/** Whether a channel does not continue at the client's position. */
export function isGap(recovered: ChannelState["recovered"]): boolean {
  return recovered !== true && recovered !== "new" && recovered !== "pending";
}

/** The `gap` frame, which tells where a channel continues, and why not at the client's position. */
export function gapFrame(ch: string, { epoch, off, recovered }: ChannelState): OutboundFrame {
  return new OutboundFrame(JSON.stringify({ type: "gap", ch, epoch, off, reason: recovered }));
}

/** Call when a connection does not read a channel after all: other channels skipped messages for that channel and now get a gap. */
export function pushGapsOfUnread(channels: ChannelHub, connection: Connection, unread: string): void {
  for (const { name, epoch, offset } of channels.copies.takePostponed(connection, unread))
    connection.push(gapFrame(name, { epoch, off: offset, recovered: "lost" }));
}

/**
 * Queues the frames that a connection missed, channel by channel. A message to several rooms comes before all that follows it in the
 * later ones: a client that is cut off anywhere, and then leaves the first room, has not passed a message that it never got.
 */
export function pushReplays(connection: Connection, missed: readonly MissedFrames[]): void {
  const rest = new Map(missed.map((frames) => [frames.channel, { frames, next: 0 }]));
  const pushUpTo = (channel: string, offset: number): void => {
    const replay = rest.get(channel);
    if (replay === undefined) return;
    const { frames } = replay;
    for (let entry; (entry = frames.entries[replay.next]) !== undefined && entry.offset <= offset;) {
      replay.next++;
      for (const { room, off } of entry.header?.rooms?.before ?? [])
        if (off !== undefined) pushUpTo(roomChannel(room), off);
      pushEntry(connection, frames, entry);
    }
  };
  for (const { channel } of missed) pushUpTo(channel, Infinity);
}

/** A message that the connection does not get, or gets in another room, only advances its position. */
function pushEntry(connection: Connection, { channel, copies }: MissedFrames, entry: ReplayEntry): void {
  const { header } = entry;
  const text =
    header === undefined ? entry.text : copies.textFor(connection, channel, { text: entry.text, header });
  if (text === undefined) {
    connection.skip(channel, entry.offset);
    return;
  }
  connection.pushFromChannel(new OutboundFrame(text), channel);
  connection.backlog ??= new Backlog();
  connection.backlog.queuedReplayBytes += text.length;
}

/** The entries from an offset to the channel's current one; undefined if some are missing. */
function continuation(
  channel: Channel,
  from: number,
  read: ReplayPlan["entries"],
): readonly ReplayEntry[] | undefined {
  const entries: ReplayEntry[] = [];
  let offset = from;
  for (const entry of read) {
    if (entry.offset > channel.offset) break;
    if (entry.prev !== offset) return undefined;
    entries.push(entry);
    offset = entry.offset;
  }
  const remaining = channel.framesAfter(offset);
  return remaining === undefined ? undefined : [...entries, ...remaining];
}
