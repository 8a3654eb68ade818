// The channels in Redis: publish, send, read, tops. Called by redis-backplane.ts.
// Guarantee: a publication whose answer was lost is repeated under the same key, and stored once; where Redis may have lost the first
// one, it is asked whether it has it, and no second one is stored.
import { randomBytes } from "node:crypto";
import type {
  ChannelTop,
  LogEntry,
  PublishedWork,
  PublishOptions,
  PublishResult,
  ReadPage,
  ReadResult,
  Work,
} from "@halyard/server";
import type { Calls } from "../link/calls.ts";
import type { Keys } from "../scripts/keys.ts";
import type { Scripts } from "../scripts/scripts.ts";
import { countOf } from "../common/count-of.ts";
import { flagOf } from "../common/flag-of.ts";
import type { Records } from "./records.ts";
import type { SeenPositions } from "./seen-positions.ts";

interface ChannelLogParts {
  readonly calls: Calls;
  readonly keys: Keys;
  readonly nodeId: string;
  readonly records: Pick<Records, "mostClients">;
  readonly scripts: Scripts;
  readonly seen: SeenPositions;
}

type History = Exclude<PublishOptions["history"], false>;
type RetainedOptions = PublishOptions & { readonly history: History };

interface StoredMessage {
  readonly channel: string;
  readonly data: string;
  readonly history: History;
  /** Identifies the call among the calls of all nodes. */
  readonly call: string;
}

/** How long the position of a channel is kept after its last message, and after the last node that follows it has ended. */
export const CHANNEL_MS = 7 * 24 * 60 * 60 * 1000;
/** How long a publication is remembered by the key of the caller, and by that of its call after the call has ended. */
const KEY_MS = 300_000;
const CALL_MS = 10_000;
/** Replaces the epoch in a message that is not stored. */
const EPHEMERAL = "~";

/** The logs of channels. */
export class ChannelLog {
  readonly #parts: ChannelLogParts;
  #published = 0;

  constructor(parts: ChannelLogParts) {
    this.#parts = parts;
  }

  async publish(channel: string, data: string, options: PublishOptions): Promise<PublishResult> {
    if (isRetained(options)) return this.#store(channel, data, options);
    const { calls, keys } = this.#parts;
    await calls.command(["PUBLISH", keys.channel(channel).messages, EPHEMERAL + data]);
    return { position: undefined, duplicate: false };
  }

  async read(channel: string, { after, limit, bytes = Infinity }: ReadPage): Promise<ReadResult> {
    const { calls, keys } = this.#parts;
    const { epoch, state, log } = keys.channel(channel);
    const [stored, [top, newestAt], raw, ttl] = (await calls.transaction([
      ["GET", epoch],
      ["HMGET", state, "offset", "at"],
      ["XRANGE", log, `(${String(after)}`, "+", "COUNT", String(limit)],
      ["PTTL", log],
      // A node that opens a channel reads its position only; kept-positions.ts renews it from then on.
      ...(limit === 0 ? [["PEXPIRE", state, String(CHANNEL_MS)]] : []),
    ])) as [string | null, (string | null)[], RawEntry[] | null, number];
    if (stored !== null) this.#parts.seen.note(channel, stored, Number(top ?? 0));
    const found = (raw ?? []).map(toEntry);
    // The log ends when its newest entry is too old; that of an older entry is earlier by as much as it is older.
    const entries = found.filter(({ at }) => ttl < 0 || at >= Number(newestAt) - ttl);
    const last = found.at(-1);
    if (entries.length === 0 && last !== undefined && found.length === limit)
      return this.read(channel, { after: last.offset, limit, bytes });
    return {
      epoch: stored ?? (await this.#createEpoch(epoch)),
      top: Number(top ?? 0),
      entries: withinBytes(entries, bytes),
    };
  }

  async tops(channels: readonly string[]): Promise<readonly ChannelTop[]> {
    if (channels.length === 0) return [];
    const { calls, keys } = this.#parts;
    const names = channels.map((channel) => keys.channel(channel));
    const epochs = [...new Set(names.map(({ epoch }) => epoch))];
    const answers = (await calls.transaction([
      ["MGET", ...epochs],
      ...names.map(({ state }) => ["HGET", state, "offset"]),
    ])) as [(string | null)[], ...(string | null)[]];
    const [stored, ...tops] = answers;
    const known = new Map<string, string>();
    for (const [index, epoch] of epochs.entries())
      known.set(epoch, stored[index] ?? (await this.#createEpoch(epoch)));
    return names.map(({ epoch }, index) => ({
      epoch: known.get(epoch) ?? "",
      top: Number(tops[index] ?? 0),
    }));
  }

  async #store(
    channel: string,
    data: string,
    { history, idempotencyKey, attempts = {} }: RetainedOptions,
  ): Promise<PublishResult> {
    const { calls, keys, scripts, seen } = this.#parts;
    const call = this.#nextCall();
    const key = idempotencyKey === undefined ? `c${call}` : `k${idempotencyKey}`;
    const values = this.#toStore({ channel, data, history, call });
    const args = {
      keys: [...this.#logKeys(channel), keys.publication(channel, key)],
      values: [...values, String(idempotencyKey === undefined ? calls.timeoutMs + CALL_MS : KEY_MS)],
    };
    const options = { again: true, attempts, valuesToAsk: [...values, ""] };
    const stored = await calls.run(scripts.publish, args, options);
    const [isDuplicate, storedEpoch, offset] = stored as [number, string, string];
    seen.note(channel, storedEpoch, Number(offset));
    return { position: { epoch: storedEpoch, off: Number(offset) }, duplicate: isDuplicate === 1 };
  }

  /** @returns the result of a new send; undefined for a repeated one */
  async send(
    { ref, key, digest, claim, connection, mayHaveRun }: Work,
    { result: [before, after], ...message }: PublishedWork,
  ): Promise<string | undefined> {
    const { calls, keys, nodeId, records, scripts, seen } = this.#parts;
    const values = [
      ...[keys.root, ref.user, ref.client, String(key), String(digest), nodeId, String(claim ?? "")],
      ...[before, after],
      ...this.#toStore({ ...message, call: this.#nextCall() }),
      ...[connection?.id ?? "", flagOf(mayHaveRun), String(records.mostClients)],
    ];
    const args = { keys: this.#logKeys(message.channel), values };
    const stored = (await calls.run(scripts.send, args, { again: true, attempts: {} })) as
      [epoch: string, offset: string] | null;
    if (stored === null) return undefined;
    const [epoch, offset] = stored;
    seen.note(message.channel, epoch, Number(offset));
    return before + offset + after;
  }

  #nextCall(): string {
    return `${this.#parts.nodeId}/${String(++this.#published)}`;
  }

  #logKeys(channel: string): string[] {
    const { epoch, state, log } = this.#parts.keys.channel(channel);
    return [epoch, state, log];
  }

  /** The arguments of scripts/log-common.lua, in this order. */
  #toStore({ channel, data, history, call }: StoredMessage): string[] {
    const { bytes, messages, ms } = history;
    const bounds = [countOf(messages), countOf(bytes), Math.ceil(ms)].map(String);
    return [data, ...bounds, this.#parts.keys.channel(channel).messages, String(CHANNEL_MS), call];
  }

  async #createEpoch(key: string): Promise<string> {
    const created = newEpoch();
    const earlier = await this.#parts.calls.command(["SET", key, created, "NX", "GET"], { again: true });
    return typeof earlier === "string" ? earlier : created;
  }
}

function isRetained(options: PublishOptions): options is RetainedOptions {
  return options.history !== false;
}

/** Parses a message from pub/sub; undefined for a text that is not a message. */
export function parseMessage(
  text: string,
): { readonly ephemeral: string } | (LogEntry & { epoch: string }) | undefined {
  if (text.startsWith(EPHEMERAL)) return { ephemeral: text.slice(EPHEMERAL.length) };
  const match = /^(\S+) (\d+) (\d+) (\d+) /.exec(text.slice(0, 128));
  if (match === null) return undefined;
  const [head, epoch = "", offset, prev, at] = match;
  return { epoch, offset: Number(offset), prev: Number(prev), at: Number(at), data: text.slice(head.length) };
}

type RawEntry = readonly [id: string, fields: readonly string[]];

/** The fields are `p`, `a`, `b` and `d`, in this order: see scripts/publish.lua. */
function toEntry([id, fields]: RawEntry): LogEntry {
  return {
    offset: Number.parseInt(id, 10),
    prev: Number(fields[1]),
    at: Number(fields[3]),
    data: fields[7] ?? "",
  };
}

/** The entries that fit in `bytes`, but at least the first one. */
function withinBytes(entries: readonly LogEntry[], bytes: number): readonly LogEntry[] {
  let left = bytes;
  const end = entries.findIndex(({ data }, index) => {
    left -= data.length;
    return index > 0 && left < 0;
  });
  return end === -1 ? entries : entries.slice(0, end);
}

function newEpoch(): string {
  return randomBytes(9).toString("base64url");
}
