import { encodeFrame, LIMITS } from "@halyard/protocol/wire";
import type { PresenceEvent, RosterEntry, RosterPage } from "./backplane.js";
import type { Connection } from "./connection.js";
import { Frame } from "./frame.js";
import type { Clock } from "./types.js";

export interface PresenceViewOptions {
  readonly room: string | undefined;
  readonly channel: string;
  readonly clock: Clock;
  readonly batchMs: number;
  readonly firstPage: () => Promise<RosterPage>;
  readonly onError: (error: unknown) => void;
}

type Change =
  | { readonly kind: "joined"; readonly entry: RosterEntry; readonly isNew: boolean }
  | { readonly kind: "left" };

/** Over {@link LIMITS.announcedUsers} users only the total is told, this often. */
const TOTALS_MS = 2_000;

/**
 * What this node's connections are told about who is in one place. Changes are collected; everyone who waits for the
 * list gets the same list, right after the batch, so that each sees exactly the changes that came after its list.
 */
export class PresenceView {
  readonly #options: PresenceViewOptions;
  readonly #audience = new Set<Connection>();
  #waiting = new Set<Connection>();
  #changes = new Map<string, Change>();
  /** The list as a frame, until something changes. */
  #list: Frame | undefined;
  #timer: unknown;
  #toldTotalAt = Number.NEGATIVE_INFINITY;
  #isFlushing = false;

  constructor(options: PresenceViewOptions) {
    this.#options = options;
  }

  get isUnused(): boolean {
    return this.#audience.size === 0 && this.#waiting.size === 0;
  }

  /** Sends the list, and from then on the changes. */
  show(connection: Connection): void {
    this.#audience.delete(connection);
    if (this.#list !== undefined && this.#changes.size === 0 && !this.#isFlushing) {
      connection.push(this.#list);
      this.#audience.add(connection);
      return;
    }
    this.#waiting.add(connection);
    if (this.#timer === undefined) void this.#flush();
  }

  hide(connection: Connection): void {
    this.#audience.delete(connection);
    this.#waiting.delete(connection);
  }

  changed(event: PresenceEvent): void {
    this.#list = undefined;
    this.#collect(event);
    if (this.#timer === undefined) void this.#flush();
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#audience.clear();
    this.#waiting.clear();
  }

  /** Someone who came and went within one batch was never there. */
  #collect(event: PresenceEvent): void {
    const user = event.kind === "joined" ? event.entry.user : event.user;
    const earlier = this.#changes.get(user);
    if (event.kind === "joined") {
      const isNew = event.isNew && earlier?.kind !== "left";
      this.#changes.set(user, { kind: "joined", entry: event.entry, isNew });
    } else if (earlier?.kind === "joined" && earlier.isNew) this.#changes.delete(user);
    else this.#changes.set(user, { kind: "left" });
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // Quiet for this long means that the next change goes out at once.
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#changes.size > 0 || this.#waiting.size > 0) void this.#flush();
    }, this.#options.batchMs);
    const changes = this.#changes;
    const waiting = this.#waiting;
    this.#changes = new Map();
    this.#waiting = new Set();
    try {
      // Asked for in the same turn in which the changes were taken: the page holds them all, and no later one.
      const page = await this.#options.firstPage();
      if (this.#audience.size > 0 && changes.size > 0) this.#announce(changes, page.total);
      const list = this.#listFrame(page);
      this.#sendList(list, waiting);
      if (this.#changes.size === 0) {
        this.#list = list;
        this.#sendList(list, this.#waiting);
        this.#waiting = new Set();
      }
    } catch (error) {
      this.#changes = new Map([...changes, ...this.#changes]);
      for (const connection of waiting) this.#waiting.add(connection);
      this.#options.onError(error);
    } finally {
      this.#isFlushing = false;
    }
  }

  #listFrame(page: RosterPage): Frame {
    const { room, channel } = this.#options;
    const users = `[${page.entries.map(publicUserJson).join(",")}]`;
    const where = room === undefined ? "" : `"room":${JSON.stringify(room)},`;
    const more = page.cursor === undefined ? "" : `,"cursor":${JSON.stringify(page.cursor)}`;
    const json = `{"type":"user_list",${where}"users":${users},"total":${String(page.total)}${more}}`;
    return new Frame(encodeFrame(json, { ch: channel }));
  }

  #sendList(list: Frame, waiting: ReadonlySet<Connection>): void {
    for (const connection of waiting) {
      if (connection.stage === "closed") continue;
      connection.push(list);
      this.#audience.add(connection);
    }
  }

  #announce(changes: ReadonlyMap<string, Change>, total: number): void {
    if (total > LIMITS.announcedUsers) {
      this.#announceTotal(total);
      return;
    }
    const joined: string[] = [];
    const left: string[] = [];
    for (const [user, change] of changes) {
      if (change.kind === "joined") joined.push(publicUserJson(change.entry));
      else left.push(JSON.stringify(user));
    }
    if (joined.length > 0) this.#tell("user_joined", `"users":[${joined.join(",")}]`, total);
    if (left.length > 0) this.#tell("user_left", `"userIds":[${left.join(",")}]`, total);
  }

  #announceTotal(total: number): void {
    const now = this.#options.clock.now();
    if (now - this.#toldTotalAt < TOTALS_MS) return;
    this.#toldTotalAt = now;
    this.#tell("user_joined", `"users":[]`, total);
  }

  #tell(type: "user_joined" | "user_left", fields: string, total: number): void {
    const { room, channel } = this.#options;
    const where = room === undefined ? "" : `"room":${JSON.stringify(room)},`;
    const frame = new Frame(
      encodeFrame(`{"type":"${type}",${where}${fields},"total":${String(total)}}`, { ch: channel }),
    );
    for (const connection of this.#audience) connection.push(frame);
  }
}

/** A user as others see them, as JSON text: the profile was encoded when it was handed in. */
export function publicUserJson({ profile, since }: RosterEntry): string {
  return `${profile.slice(0, -1)},"connectedAt":"${new Date(since).toISOString()}"}`;
}
