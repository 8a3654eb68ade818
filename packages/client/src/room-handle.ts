import type { GapReason } from "@halyard/protocol";
import type { Unsubscribe } from "./emitter.js";
import type { RoomEntry } from "./rooms.js";
import { Scope } from "./scope.js";
import type { Session } from "./session.js";
import type { RoomState } from "./web-socket-client.js";

const LEFT: RoomState = { status: "left", error: undefined };

/** One `join()`: a share in a room. What was subscribed through it ends with it. */
export class RoomHandle extends Scope {
  readonly name: string;
  readonly #entry: RoomEntry;
  readonly #subscriptions: Unsubscribe[] = [];
  #isLeft = false;

  constructor(session: Session, name: string) {
    super(session, name);
    this.name = name;
    this.#entry = session.rooms.enter(name);
  }

  get state(): RoomState {
    return this.#isLeft ? LEFT : this.#entry.state;
  }

  get ready(): Promise<RoomState> {
    return new Promise((resolve) => {
      const check = (state: RoomState) => {
        if (state.status === "joining") return;
        stop();
        resolve(state);
      };
      const stop = this.onStateChange(check);
      check(this.state);
    });
  }

  onStateChange(listener: (state: RoomState) => unknown): Unsubscribe {
    let known = this.state;
    return this.keep(
      this.session.emitter.on("room", () => {
        if (this.state === known) return;
        known = this.state;
        listener(known);
      }),
    );
  }

  onGap(listener: (reason: GapReason) => unknown): Unsubscribe {
    return this.keep(
      this.session.emitter.on("gap", (channel, reason) =>
        channel === this.#entry.channel ? listener(reason) : undefined,
      ),
    );
  }

  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    this.session.leave(this.#entry);
    // For those who listen through this handle it is over, also when the room goes on for others.
    this.session.emitter.emit("room", this.#entry);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }

  protected override keep(unsubscribe: Unsubscribe): Unsubscribe {
    if (this.#isLeft) unsubscribe();
    else this.#subscriptions.push(unsubscribe);
    return unsubscribe;
  }
}
