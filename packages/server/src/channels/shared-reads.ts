// Shares reads of the history: one read answers all connections that need the same page.
// Called by ChannelHub for each replay.
// Guarantees: a read is shared only while its channel has the same offset, and for at most 250 ms after it ended.
import { isPromise } from "@halyard/protocol/internal";
import type { Backplane, ReadPage, ReadResult } from "../backplane.ts";
import type { Clock } from "../types.ts";
import { ExpiryTimer } from "../utils/expiry-timer.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import { repeatOnce } from "../utils/repeated-calls.ts";

const RECENT_READ_MS = 250;

interface SharedRead {
  readonly key: string;
  /** The channel's offset on this node when the read began. */
  readonly offset: number | undefined;
  readonly result: Promise<ReadResult>;
}

/** Reads channels from the backplane, each page once for all simultaneous callers. */
export class SharedReads {
  readonly #backplane: Pick<Backplane, "read">;
  readonly #reads = new Map<string, SharedRead>();
  readonly #recent: ExpiryTimer<SharedRead>;

  constructor(backplane: Pick<Backplane, "read">, clock: Clock) {
    this.#backplane = backplane;
    const onExpire = (read: SharedRead): void => {
      this.#forget(read);
    };
    this.#recent = new ExpiryTimer({ clock, ms: RECENT_READ_MS, onExpire });
  }

  /** @param offset the channel's offset on this node; undefined when the channel is not open */
  read(channel: string, page: ReadPage, offset: number | undefined): Promise<ReadResult> {
    const shared = this.#reads.size === 0 ? undefined : this.#reads.get(keyOf(channel, page));
    if (shared !== undefined && shared.offset === offset) return shared.result;
    const first = this.#backplane.read(channel, page);
    // The memory backplane answers synchronously, so there is nothing to share.
    if (!isPromise(unwrapResolved(first))) return first;
    const result = repeatOnce(first, () => this.#backplane.read(channel, page));
    const read: SharedRead = { key: keyOf(channel, page), offset, result };
    this.#reads.set(read.key, read);
    result.then(
      () => {
        this.#recent.schedule(read);
      },
      () => {
        this.#forget(read);
      },
    );
    return result;
  }

  stop(): void {
    this.#recent.clear();
    this.#reads.clear();
  }

  #forget(read: SharedRead): void {
    if (this.#reads.get(read.key) === read) this.#reads.delete(read.key);
  }
}

function keyOf(channel: string, { after, limit, bytes, whole }: ReadPage): string {
  return `${String(after)} ${String(limit)} ${String(bytes)} ${String(whole)} ${channel}`;
}
