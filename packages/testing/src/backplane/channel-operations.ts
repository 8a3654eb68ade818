// The operations of a shared backplane on channels: publish, read, tops. NodeBackplane sends them to the store.
import { HalyardError } from "@halyard/protocol/wire";
import type {
  ChannelTop,
  PublishAttempts,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
} from "@halyard/server";
import type { Operation, SharedState, StoredChannel, StoredMessage, Transaction } from "./shared-state.ts";

/** The time that the key of a publication is stored. */
const KEY_MS = 300_000;

export interface PublishInput {
  readonly channel: string;
  readonly data: string;
  readonly options: PublishOptions & { readonly history: Exclude<PublishOptions["history"], false> };
  /** The id of the call, so that a call that is applied twice stores one message. */
  readonly callId: string;
}

export function publish({ channel: name, data, options, callId }: PublishInput): Operation<PublishResult> {
  return (transaction) => {
    const { state, now, emit } = transaction;
    const channel = channelOf(transaction, name);
    for (const [key, { at }] of channel.keys) if (now - at >= KEY_MS) channel.keys.delete(key);
    const { history, idempotencyKey } = options;
    const call = channel.keys.get(callId);
    const earlier =
      call ?? (idempotencyKey === undefined ? undefined : channel.keys.get(`k${idempotencyKey}`));
    if (earlier !== undefined)
      return { position: { epoch: state.epoch, off: earlier.offset }, duplicate: call === undefined };

    noteAttempt(state, options.attempts);
    const offset = transaction.nextOffset();
    const prev = channel.top;
    channel.messages.push({ offset, prev, data, at: now });
    channel.top = offset;
    channel.historyMs = history.ms;
    channel.keys.set(callId, { offset, at: now });
    if (idempotencyKey !== undefined) channel.keys.set(`k${idempotencyKey}`, { offset, at: now });
    trim(channel, history);
    dropExpired(channel, now);
    const publication = { channel: name, epoch: state.epoch, offset, prev, at: now, data };
    emit({ kind: "publication", publication });
    return { position: { epoch: state.epoch, off: offset }, duplicate: false };
  };
}

export function read(name: string, { after, limit, bytes = Infinity }: ReadPage): Operation<ReadResult> {
  return ({ state, now }) => {
    const channel = state.channels.get(name);
    if (channel === undefined) return { epoch: state.epoch, top: 0, entries: [] };
    dropExpired(channel, now);
    let left = bytes;
    const entries: StoredMessage[] = [];
    for (const message of channel.messages) {
      if (message.offset <= after) continue;
      if (entries.length === limit || (entries.length > 0 && message.data.length > left)) break;
      left -= message.data.length;
      entries.push(message);
    }
    return { epoch: state.epoch, top: channel.top, entries };
  };
}

export function tops(names: readonly string[]): Operation<readonly ChannelTop[]> {
  return ({ state }) =>
    names.map((name) => ({ epoch: state.epoch, top: state.channels.get(name)?.top ?? 0 }));
}

/** @throws HalyardError `unavailable` if the store may have lost the message of an earlier attempt */
function noteAttempt({ incarnation }: SharedState, attempts: PublishAttempts | undefined): void {
  if (attempts === undefined) return;
  const store = String(incarnation);
  if (attempts.store !== undefined && attempts.store !== store) throw new HalyardError("unavailable");
  attempts.store = store;
}

function channelOf({ state }: Transaction, name: string): StoredChannel {
  let channel = state.channels.get(name);
  if (channel === undefined) {
    channel = { top: 0, messages: [], historyMs: 0, keys: new Map() };
    state.channels.set(name, channel);
  }
  return channel;
}

function trim(channel: StoredChannel, { messages, bytes }: { messages: number; bytes: number }): void {
  let kept = 0;
  let size = 0;
  for (const { data } of channel.messages.toReversed()) {
    size += data.length;
    if (kept >= messages || size > bytes) break;
    kept++;
  }
  channel.messages = kept === 0 ? [] : channel.messages.slice(-kept);
}

function dropExpired(channel: StoredChannel, now: number): void {
  channel.messages = channel.messages.filter(({ at }) => now - at < channel.historyMs);
}
