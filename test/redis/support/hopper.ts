// A page that is on one node after the other, and notes what it was told of each channel.
// `oracle.ts` compares that with the log.
import { setTimeout as pause } from "node:timers/promises";
import { channelsOf } from "../../support/frame.ts";
import type { Frame, Position } from "../../support/frame.ts";
import { Page } from "../../support/v1-client.ts";
import type { V1Client } from "../../support/v1-client.ts";
import type { Cluster, ClusterNode } from "./cluster.ts";

/** What came of a channel from a position on, without the client being told that something is missing. */
export interface Segment {
  readonly start: Position;
  readonly messages: { readonly off: number; readonly text: unknown }[];
}

/** A `gap`: the channel does not go on where the client was. */
export interface Gap {
  readonly ch: string;
  readonly reason: unknown;
}

export interface HopperOptions {
  readonly userId: string;
  readonly rooms: readonly string[];
  /** The numbers of the page's choices, each from 0 to 1. */
  readonly random: () => number;
}

/** How long a page waits that no node has taken. */
const REFUSED_MS = 100;

export class Hopper {
  readonly userId: string;
  readonly page = new Page();
  readonly segments = new Map<string, Segment[]>();
  readonly gaps: Gap[] = [];
  /** What the page was told of others who come and go. */
  readonly presence: Frame[] = [];
  /** How many channels went on at the page's position. */
  resumes = 0;
  readonly #cluster: Cluster;
  readonly #random: () => number;
  #client: V1Client | undefined;
  #taken = 0;

  constructor(cluster: Cluster, { userId, rooms, random }: HopperOptions) {
    this.#cluster = cluster;
    this.#random = random;
    this.userId = userId;
    for (const room of rooms) this.page.rooms.add(room);
  }

  get client(): V1Client | undefined {
    return this.#client;
  }

  /** Connects to a node, or to any; tries again until one takes it. */
  async connect(node?: ClusterNode): Promise<V1Client> {
    for (;;) {
      const chosen = node ?? this.#cluster.node(Math.floor(this.#random() * this.#cluster.nodes.length));
      try {
        const client = await this.#cluster.open(chosen, this.userId, this.page);
        this.#client = client;
        this.#taken = 0;
        await client.hello();
        return client;
      } catch {
        await this.leave();
        await pause(REFUSED_MS);
      }
    }
  }

  /** Loses the connection, and notes what came over it. */
  async leave(): Promise<void> {
    await this.#client?.cut();
    this.take();
    this.#client = undefined;
  }

  /** Is connected and away in turn, for at most so many milliseconds each, until `isOver`. */
  async hop(
    isOver: () => boolean,
    { hereMs, awayMs }: { readonly hereMs: number; readonly awayMs: number },
  ): Promise<void> {
    while (!isOver()) {
      await this.connect();
      await pause(this.#random() * hereMs);
      await this.leave();
      await pause(this.#random() * awayMs);
    }
  }

  /** Where the page is in a channel. */
  positionIn(ch: string): Position | undefined {
    return this.page.positions.get(ch);
  }

  /** Notes what has come since the last time. */
  take(): void {
    const frames = this.#client?.frames ?? [];
    for (const frame of frames.slice(this.#taken)) this.#note(frame);
    this.#taken = frames.length;
  }

  #note(frame: Frame): void {
    if (frame.type === "user_joined" || frame.type === "user_left") this.presence.push(frame);
    if (frame.type === "welcome" && frame.$?.re !== undefined) {
      for (const [ch, state] of Object.entries(channelsOf(frame))) {
        if (state.recovered === true) this.resumes++;
        if (state.recovered === "new") this.#begin(ch, state);
      }
    } else if (frame.type === "gap") {
      const { ch, reason } = frame as unknown as Gap;
      this.gaps.push({ ch, reason });
      this.#begin(ch, frame as unknown as Position);
    } else if (frame.type === "joined")
      this.#begin(`room:${String(frame["room"])}`, frame as unknown as Position);
    else if (frame.$?.ch !== undefined && frame.$.off !== undefined)
      this.segments
        .get(frame.$.ch)
        ?.at(-1)
        ?.messages.push({ off: frame.$.off, text: frame["text"] ?? frame["content"] });
  }

  #begin(ch: string, { epoch, off }: Position): void {
    const segments = this.segments.get(ch);
    const segment = { start: { epoch, off }, messages: [] };
    if (segments === undefined) this.segments.set(ch, [segment]);
    else segments.push(segment);
  }
}
