import { encodeFrame, LIMITS } from "@halyard/protocol/wire";
import type { PresenceEvent, RosterEntry, RosterPage } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import { here } from "../utils/maybe-promise.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import { Totals } from "../utils/throttled-value.ts";
import type { Clock } from "../types.ts";

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

/**
 * What this node's connections are told about who is in one place. Changes are collected; everyone who waits for the
 * list gets the same list, right after the batch, so that each sees exactly the changes that came after its list.
 */
export class PresenceView {
  readonly #options: PresenceViewOptions;
  readonly #audience = new Set<Connection>();
  /** Who waits for a list that has not been asked for, and for the one that has. */
  #waiting = new Set<Connection>();
  #asked = new Set<Connection>();
  #changes = new Map<string, Change>();
  /** Who was there after the last batch; and the same as a frame, once somebody wants it. */
  #page: RosterPage | undefined;
  #list: Frame | undefined;
  #timer: unknown;
  readonly #totals: Totals;
  #isFlushing = false;

  constructor(options: PresenceViewOptions) {
    this.#options = options;
    this.#totals = new Totals(options.clock, (total) => {
      this.#tell("user_joined", `"users":[]`, total);
    });
  }

  get isUnused(): boolean {
    return this.#audience.size === 0 && this.#waiting.size === 0 && this.#asked.size === 0;
  }

  /** Sends the list, and from then on the changes. */
  show(connection: Connection): void {
    this.hide(connection);
    if (this.#page !== undefined && this.#isGoodEnough(this.#page)) {
      this.#list ??= this.#listFrame(this.#page);
      connection.push(this.#list);
      this.#audience.add(connection);
      return;
    }
    this.#waiting.add(connection);
    if (this.#timer === undefined) this.#flush();
  }

  /** Current; or of the last batch, where nobody is told more than totals and a fresh list ends that time. */
  #isGoodEnough({ total }: RosterPage): boolean {
    if (this.#totals.isSaying && total > LIMITS.announcedUsers) return true;
    return this.#changes.size === 0 && !this.#isFlushing;
  }

  hide(connection: Connection): void {
    this.#audience.delete(connection);
    this.#waiting.delete(connection);
    this.#asked.delete(connection);
  }

  changed(event: PresenceEvent): void {
    const [user, change] =
      event.kind === "left"
        ? ([event.user, { kind: "left" }] as const)
        : ([event.entry.user, event] as const);
    this.#collect(user, change);
    if (this.#timer === undefined) this.#flush();
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#totals.stop();
    this.#audience.clear();
    this.#waiting.clear();
    this.#asked.clear();
    this.#changes.clear();
  }

  /** Someone who came and went within one batch was never there. */
  #collect(user: string, change: Change): void {
    const earlier = this.#changes.get(user);
    if (change.kind === "joined") {
      const isNew = earlier?.kind === "joined" ? earlier.isNew : earlier === undefined && change.isNew;
      this.#changes.set(user, { kind: "joined", entry: change.entry, isNew });
    } else if (earlier?.kind === "joined" && earlier.isNew) this.#changes.delete(user);
    else this.#changes.set(user, { kind: "left" });
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#rest();
    const changes = this.#changes;
    this.#changes = new Map();
    this.#asked = this.#waiting;
    this.#waiting = new Set();
    try {
      // Asked for in the same turn in which the changes were taken: the page holds them all, and no later one.
      const page = here(this.#options.firstPage());
      if (page instanceof Promise) void this.#finishLater(changes, page);
      else this.#finish(changes, page);
    } catch (error) {
      this.#fail(changes, error);
    }
  }

  async #finishLater(changes: Map<string, Change>, page: Promise<RosterPage>): Promise<void> {
    try {
      this.#finish(changes, await page);
    } catch (error) {
      this.#fail(changes, error);
    }
  }

  #finish(changes: ReadonlyMap<string, Change>, page: RosterPage): void {
    if (this.#audience.size > 0 && changes.size > 0) this.#announce(changes, page);
    this.#sendList(page);
    this.#end();
  }

  #fail(changes: Map<string, Change>, error: unknown): void {
    this.#putBack(changes);
    this.#end();
    this.#options.onError(error);
  }

  #end(): void {
    this.#isFlushing = false;
    if (this.#isPending && this.#timer === undefined) this.#rest();
  }

  get #isPending(): boolean {
    return this.#changes.size > 0 || this.#waiting.size > 0;
  }

  /** Quiet for this long means that the next change goes out at once. */
  #rest(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#isPending) this.#flush();
    }, this.#options.batchMs);
  }

  /** What could not be told is told with what has come since. */
  #putBack(changes: Map<string, Change>): void {
    const later = this.#changes;
    this.#changes = changes;
    for (const [user, change] of later) this.#collect(user, change);
    for (const connection of this.#asked) this.#waiting.add(connection);
    this.#asked = new Set();
  }

  #sendList(page: RosterPage): void {
    // When nothing has changed meanwhile, the list is good for those too who came meanwhile.
    const isCurrent = this.#changes.size === 0;
    const readers = isCurrent ? [...this.#asked, ...this.#waiting] : [...this.#asked];
    this.#asked = new Set();
    this.#page = page;
    this.#list = undefined;
    if (isCurrent) this.#waiting = new Set();
    if (readers.length === 0) return;
    const list = this.#listFrame(page);
    this.#list = list;
    for (const connection of readers) {
      if (connection.stage === "closed") continue;
      connection.push(list);
      this.#audience.add(connection);
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

  #announce(changes: ReadonlyMap<string, Change>, page: RosterPage): void {
    const { total } = page;
    if (total > LIMITS.announcedUsers) {
      this.#totals.say(total);
      return;
    }
    if (this.#totals.stop()) {
      // Who was told nothing but totals for a while does not know who is there.
      const list = this.#listFrame(page);
      for (const connection of this.#audience) connection.push(list);
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
export function publicUserJson({ profile, since }: Pick<RosterEntry, "profile" | "since">): string {
  return `${profile.slice(0, -1)},"connectedAt":"${new Date(since).toISOString()}"}`;
}
