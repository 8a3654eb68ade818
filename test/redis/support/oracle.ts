// What Redis has published and stored of a channel, and whether clients were told that and nothing else.
// It reads the names and texts of Redis itself: packages/redis/src/scripts/publish.lua says what they are.
import { Keys } from "../../../packages/redis/src/scripts/keys.ts";
import { until } from "../../support/wait.ts";
import type { RedisServer } from "./cluster.ts";
import type { Hopper } from "./hopper.ts";

const keys = new Keys("halyard", 16);

export function keysOf(ch: string): ReturnType<Keys["channel"]> {
  return keys.channel(ch);
}

/** A message of the log, by its text: a Redis that lost messages may give their offsets out again. */
interface Entry {
  readonly off: number;
  readonly prev: number;
  /** The text of the message before it. */
  readonly prevText: string | undefined;
}

/** Everything that a channel has ever had, also what Redis has lost. No two messages have the same text. */
export class Oracle {
  readonly ch: string;
  readonly #redis: RedisServer;
  readonly #entries = new Map<string, Entry>();
  /** The text that each offset had last. */
  readonly #texts = new Map<number, string>();
  #stored: string[] = [];
  #stopWatching = (): void => undefined;

  constructor(redis: RedisServer, ch: string) {
    this.ch = ch;
    this.#redis = redis;
  }

  /** The texts of the messages that are stored, in their order. */
  get texts(): readonly string[] {
    return this.#stored;
  }

  /** How many messages there have been. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many messages there have been that are not stored any more. */
  get lost(): number {
    return this.size - this.#stored.length;
  }

  /** Waits until every page is at the end of the log, which is read again each time. */
  async reachedBy(pages: readonly Hopper[], ms?: number): Promise<void> {
    const isReached = async (): Promise<boolean> => {
      await this.read();
      return pages.every((page) => page.positionIn(this.ch)?.off === this.top);
    };
    await until("every page to be at the end of the log", isReached, ms);
  }

  /** Where the log ended when it was last read. */
  get top(): number {
    return this.#entries.get(this.#stored.at(-1) ?? "")?.off ?? 0;
  }

  /** Notes what is published, until the connection is lost: again after each restart of Redis. */
  async watch(): Promise<void> {
    const { promise: end, resolve: stop } = Promise.withResolvers<void>();
    const watching = Promise.withResolvers<void>();
    this.#stopWatching = stop;
    this.#redis
      .control(async (client) => {
        await client.subscribe(keysOf(this.ch).messages, (text) => {
          // Messages were lost: no message.
          if (text === "!") return;
          const [, off, prev, , ...data] = text.split(" ");
          this.#note(Number(off), Number(prev), data.join(" "));
        });
        watching.resolve();
        await end;
      })
      .catch(watching.reject);
    await watching.promise;
  }

  stop(): void {
    this.#stopWatching();
  }

  /** Reads what is stored. */
  async read(): Promise<void> {
    const log = await this.#redis.control((client) => client.xRange(keysOf(this.ch).log, "-", "+"));
    this.#stored = (log ?? []).map(({ id, message: { p, d } }) =>
      this.#note(Number.parseInt(id, 10), Number(p), String(d)),
    );
  }

  /**
   * What a page was told and should not have been: within a segment each message follows its predecessor, and the last
   * segment reaches the end of the log. A Redis that is killed may have sent its last message to the nodes and not to the oracle:
   * such a message ends its segment, because the page was told of a loss behind it.
   */
  faultsOf({ segments, userId }: Hopper): string[] {
    const faults: string[] = [];
    let last = NaN;
    const all = segments.get(this.ch) ?? [];
    for (const { start, messages } of all) {
      last = start.off;
      let lastText: string | undefined;
      for (const { off, text } of messages) {
        const isBeforeLoss = messages.at(-1)?.text === text && all.at(-1)?.messages !== messages;
        const entry = this.#entries.get(String(text));
        const follows = entry?.prev === last && (lastText === undefined || entry.prevText === lastText);
        if (entry === undefined) {
          if (!isBeforeLoss) faults.push(`${userId}: ${String(off)} is not in the log`);
        } else if (!follows)
          faults.push(
            `${userId}: ${String(off)} follows ${String(entry.prev)}, and came after ${String(last)}`,
          );
        [last, lastText] = [off, String(text)];
      }
    }
    if (last !== this.top)
      faults.push(`${userId}: is at ${String(last)}, and the log at ${String(this.top)}`);
    return faults;
  }

  /** @returns its text */
  #note(off: number, prev: number, envelope: string): string {
    const [, text = ""] = /"(?:text|content)":"([^"]*)"/.exec(envelope) ?? [];
    const known = this.#entries.get(text);
    // A message may have come before the oracle watched, and the next one after: the log has the text of the first.
    if (known === undefined || (known.off === off && known.prevText === undefined))
      this.#entries.set(text, { off, prev, prevText: this.#texts.get(prev) });
    if (known === undefined) this.#texts.set(off, text);
    return text;
  }
}
