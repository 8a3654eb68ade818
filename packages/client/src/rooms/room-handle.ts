// The object that `client.join()` returns, without the types of a protocol.
// Called by the application; its members are those of the Room interface.
// After leave(), the state is `left` and no listener of this handle is called, even if other handles keep the room.
import type { GapReason } from "@halyard/protocol";
import type { Unsubscribe } from "../common/emitter.ts";
import { MessageScope } from "../messaging/message-scope.ts";
import type { MessageScopeParts } from "../messaging/message-scope.ts";
import type { RoomState } from "./room-state.ts";
import type { RoomEntry, Rooms } from "./rooms.ts";

const LEFT_STATE: RoomState = { status: "left", error: undefined };

export class RoomHandle extends MessageScope {
  readonly scopeParts: MessageScopeParts;
  readonly name: string;
  readonly stores = {
    state: this.storeOf(() => this.state),
    users: this.storeOf(() => this.users),
  };
  readonly #rooms: Rooms;
  readonly #entry: RoomEntry;
  #isLeft = false;
  #ready: Promise<RoomState> | undefined;

  constructor(givenName: string, rooms: Rooms, parts: MessageScopeParts) {
    const name = givenName.normalize();
    super(`room:${name}`);
    this.scopeParts = parts;
    this.name = name;
    this.#rooms = rooms;
    this.#entry = rooms.acquire(name, this);
  }

  get state(): RoomState {
    return this.#isLeft ? LEFT_STATE : this.#entry.state;
  }

  get ready(): Promise<RoomState> {
    if (this.state.status !== "joining") return Promise.resolve(this.state);
    return (this.#ready ??= new Promise((resolve) => {
      const stop = this.onStateChange((state) => {
        if (state.status === "joining") return;
        stop();
        this.#ready = undefined;
        resolve(state);
      });
    }));
  }

  onStateChange(listener: (state: RoomState) => unknown): Unsubscribe {
    let known = this.state;
    return this.listen("room", () => {
      return this.state !== known && listener((known = this.state));
    });
  }

  onGap(listener: (reason: GapReason) => unknown): Unsubscribe {
    return this.listen("gap", (channel, reason) => {
      return channel === this.#entry.channel && listener(reason);
    });
  }

  updatePresence(patch: object): void {
    if (this.state.status !== "left") this.#rooms.show(this.#entry, patch);
  }

  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    // Otherwise the room would show this user as typing for a while longer.
    if (this.#entry.handles.size === 1) this.send("typing_indicator", { isTyping: false });
    this.#rooms.release(this.#entry, this);
    this.end();
  }
}
