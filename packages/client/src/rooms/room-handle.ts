import type { GapReason } from "@halyard/protocol";
import type { ClientEvents } from "../messaging/client-events.ts";
import type { Unsubscribe } from "../common/emitter.ts";
import type { RoomEntry, Rooms } from "./rooms.ts";
import { Scope } from "../messaging/message-scope.ts";
import type { ScopeHost } from "../messaging/message-scope.ts";
import type { RoomState } from "../web-socket-client.ts";

const LEFT: RoomState = { status: "left", error: undefined };

interface RoomHandleHost extends ScopeHost {
  readonly rooms: Rooms;
}

/** One `join()`: a share in a room. What was subscribed through it ends with it. */
export class RoomHandle extends Scope {
  readonly name: string;
  protected readonly host: RoomHandleHost;
  readonly #entry: RoomEntry;
  readonly #subscriptions: Unsubscribe[] = [];
  #isLeft = false;

  constructor(host: RoomHandleHost, name: string) {
    super(`room:${name}`);
    this.host = host;
    this.name = name;
    this.#entry = host.rooms.enter(name);
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
    return this.hear("room", () => {
      if (this.state !== known) listener((known = this.state));
    });
  }

  onGap(listener: (reason: GapReason) => unknown): Unsubscribe {
    return this.hear("gap", (channel, reason) => (channel === this.channel ? listener(reason) : undefined));
  }

  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    // Nobody should see somebody type who is gone.
    if (this.#entry.handles === 1) this.send("typing_indicator", { isTyping: false });
    this.host.rooms.exit(this.#entry);
    // For those who listen through this handle it is over, also when the room goes on for others.
    this.host.emitter.emit("room", this.#entry);
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }

  protected override hear<TName extends keyof ClientEvents>(
    name: TName,
    listener: (...payload: ClientEvents[TName]) => unknown,
  ): Unsubscribe {
    const unsubscribe = super.hear(name, listener);
    if (this.#isLeft) unsubscribe();
    else this.#subscriptions.push(unsubscribe);
    return unsubscribe;
  }
}
