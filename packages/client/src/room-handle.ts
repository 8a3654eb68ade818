import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { Unsubscribe } from "./emitter.js";
import type { Sending } from "./receipt.js";
import type { RoomEntry } from "./rooms.js";
import type { Session } from "./session.js";
import type { Delivery, RoomState } from "./web-socket-client.js";

const LEFT: RoomState = { status: "left", error: undefined };

/** One `join()`: a share in a room. What was subscribed through it ends with it. */
export class RoomHandle {
  readonly #session: Session;
  readonly #entry: RoomEntry;
  #subscriptions: Unsubscribe[] = [];
  #isLeft = false;

  constructor(session: Session, name: string) {
    this.#session = session;
    this.#entry = session.rooms.enter(name);
  }

  get name(): string {
    return this.#entry.name;
  }

  get users(): readonly PublicUser[] {
    return this.#session.presence.of(this.#entry.channel);
  }

  get state(): RoomState {
    return this.#isLeft ? LEFT : this.#entry.state;
  }

  get ready(): Promise<RoomState> {
    return new Promise((resolve) => {
      if (this.state.status !== "joining") return resolve(this.state);
      const stop = this.onStateChange((state) => {
        if (state.status === "joining") return;
        stop();
        resolve(state);
      });
    });
  }

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    return this.#keep(
      this.#session.emitter.on("message", (message, delivery) =>
        message.type === type && delivery.room === this.name ? listener(message, delivery) : undefined,
      ),
    );
  }

  send(type: string, fields?: object): Sending | undefined {
    return this.#session.send(type, fields, this.#entry.channel);
  }

  onStateChange(listener: (state: RoomState) => unknown): Unsubscribe {
    let known = this.state;
    return this.#keep(
      this.#session.emitter.on("room", () => {
        if (this.state === known) return;
        known = this.state;
        listener(known);
      }),
    );
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    return this.#keep(
      this.#session.emitter.on("users", (channel, users) => {
        if (channel === this.#entry.channel) listener(users);
      }),
    );
  }

  onGap(listener: (reason: GapReason) => unknown): Unsubscribe {
    return this.#keep(
      this.#session.emitter.on("gap", (channel, reason) =>
        channel === this.#entry.channel ? listener(reason) : undefined,
      ),
    );
  }

  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.#session.leave(this.#entry);
    // For those who listen through this handle it is over, also when the room goes on for others.
    this.#session.emitter.emit("room", this.#entry);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions = [];
  }

  #keep(unsubscribe: Unsubscribe): Unsubscribe {
    if (this.#isLeft) unsubscribe();
    else this.#subscriptions.push(unsubscribe);
    return unsubscribe;
  }
}
