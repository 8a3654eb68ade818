import { ServerFrame } from "@halyard/protocol";
import { expect } from "vitest";
import type { PresenceEvent, RosterEntry, RosterPage } from "../src/backplane.ts";
import type { Connection } from "../src/connection/connection.ts";
import { PresenceView } from "../src/presence/presence-view.ts";
import { FakeClock } from "./fake-clock.ts";
import { Connections } from "./fake-connection.ts";
import type { ReceivedFrame } from "./fake-socket.ts";

/** A roster and a view of it. A test may hold back the first page. */
export class PresenceScene {
  readonly clock = new FakeClock();
  readonly connections = new Connections(this.clock);
  readonly roster = new Map<string, RosterEntry>();
  readonly errors: unknown[] = [];
  delaysEvents = false;
  readonly #delayed: PresenceEvent[] = [];
  #offset = 0;
  pages = 0;
  /** Set while pages are held back. */
  held: (() => void)[] | undefined;
  failure: Error | undefined;
  readonly view = new PresenceView({
    room: "r",
    channel: "room:r",
    clock: this.clock,
    batchMs: 100,
    states: { intervalMs: 50, users: 300, slowBytes: 100_000 },
    onError: (error) => this.errors.push(error),
    firstPage: () => this.#page(),
  });

  join(user: string, profile = `{"userId":"${user}","name":"${user.toUpperCase()}"}`): void {
    const known = this.roster.get(user);
    const entry = { user, profile, since: known?.since ?? this.clock.now() };
    this.roster.set(user, entry);
    this.#tell({ kind: "joined", room: "r", entry, isNew: known === undefined, ...this.#position() });
  }

  /** The user shows another state, or none. */
  show(user: string, state: object | undefined): void {
    const known = this.roster.get(user);
    if (known === undefined) throw new TypeError("not in the roster");
    const { profile, since } = known;
    const entry = { user, profile, since, ...(state && { state: JSON.stringify(state) }) };
    this.roster.set(user, entry);
    this.#tell({
      kind: "joined",
      room: "r",
      entry,
      isNew: false,
      isStateOnly: true,
      ...this.#position(),
    });
  }

  leave(user: string): void {
    this.roster.delete(user);
    this.#tell({ kind: "left", room: "r", user, ...this.#position() });
  }

  /** Opens a connection and adds it to the view. */
  async reader(id: string): Promise<Connection> {
    const connection = this.connections.open(id);
    this.view.add(connection);
    await this.clock.settle();
    return connection;
  }

  /** Fills the roster, and waits until the view has announced it. */
  async filled(...users: string[]): Promise<void> {
    for (const user of users) this.join(user);
    await this.clock.advance(1_000);
  }

  /** The frames that a connection received since the last call, each as a short text. */
  received(connection: Connection): string[] {
    return this.connections.received(connection).map(summary);
  }

  /** Delivers the events that were delayed. */
  deliverEvents(): void {
    for (const event of this.#delayed.splice(0)) this.view.changed(event);
  }

  /** Loses the events that were delayed, as an interruption does. */
  loseEvents(): void {
    this.#delayed.length = 0;
    this.delaysEvents = false;
  }

  /** Events may have been lost. */
  interrupt(): void {
    this.view.interrupted();
    this.view.relist();
  }

  #tell(event: PresenceEvent): void {
    if (this.delaysEvents) this.#delayed.push(event);
    else this.view.changed(event);
  }

  #position(): { stream: number; off: number; total: number } {
    return { stream: 0, off: ++this.#offset, total: this.roster.size };
  }

  #page(): Promise<RosterPage> {
    this.pages++;
    // The entries at the time of the call, whenever the page arrives.
    const entries = [...this.roster.values()];
    const page = {
      entries: entries.slice(0, 200),
      total: entries.length,
      cursor: entries.length > 200 ? "200" : undefined,
      at: [this.#offset],
    };
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.held === undefined) return Promise.resolve(page);
    const { held } = this;
    return new Promise((resolve) => held.push(() => resolve(page)));
  }
}

function summary(frame: ReceivedFrame): string {
  const message = ServerFrame.parse(frame);
  expect(message.$).toEqual({ ch: "room:r" });
  if (message.type === "user_left") return `left ${message.userIds.join()} of ${String(message.total)}`;
  if (message.type !== "user_list" && message.type !== "user_joined") throw new Error(message.type);
  expect(message.room).toBe("r");
  const name = message.type === "user_list" ? "list" : "joined";
  const users = message.users.map(({ userId, presence }) =>
    presence === undefined ? userId : `${userId}${JSON.stringify(presence)}`,
  );
  return `${name} ${users.join()} of ${String(message.total)}`;
}
