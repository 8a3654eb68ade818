// The object that `client.join()` returns, without the types of a protocol.
// Called by the application; its members are those of the Room interface.
// After leave(), the state is `left` and no listener of this handle is called, also when other handles keep the room.
import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { Emitter, Unsubscribe } from "../common/emitter.ts";
import type { ClientEvents, Delivery } from "../messaging/client-events.ts";
import { MessageScope } from "../messaging/message-scope.ts";
import type { MessageScopeParts } from "../messaging/message-scope.ts";
import type { Sending } from "../messaging/receipt.ts";
import type { RoomState } from "./room-state.ts";
import type { RoomEntry, Rooms } from "./rooms.ts";

const LEFT_STATE: RoomState = { status: "left", error: undefined };

export class RoomHandle {
  readonly name: string;
  readonly #rooms: Rooms;
  readonly #entry: RoomEntry;
  readonly #scope: MessageScope;
  readonly #emitter: Emitter<ClientEvents>;
  #isLeft = false;
  #ready: Promise<RoomState> | undefined;
  /** The membership has ended: no listener of this handle is called any more. */
  readonly #end = () => this.#scope.close();

  constructor(givenName: string, rooms: Rooms, parts: MessageScopeParts) {
    const name = (this.name = givenName.normalize());
    this.#rooms = rooms;
    this.#emitter = parts.emitter;
    this.#scope = new MessageScope(parts, `room:${name}`);
    this.#entry = rooms.acquire(name, this.#end);
  }

  get users(): readonly PublicUser[] {
    return this.#scope.users;
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

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    return this.#scope.on(type, listener);
  }

  send(type: string, fields?: object): Sending | undefined {
    return this.#scope.send(type, fields);
  }

  onStateChange(listener: (state: RoomState) => unknown): Unsubscribe {
    let known = this.state;
    return this.#scope.subscribe("room", () => {
      return this.state !== known && listener((known = this.state));
    });
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    return this.#scope.onUsersChange(listener);
  }

  onGap(listener: (reason: GapReason) => unknown): Unsubscribe {
    return this.#scope.subscribe("gap", (channel, reason) =>
      channel === this.#entry.channel ? listener(reason) : undefined,
    );
  }

  leave(): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    // Otherwise the users of the room would see this user type for a while longer.
    if (this.#entry.handles.size === 1) this.send("typing_indicator", { isTyping: false });
    this.#rooms.release(this.#entry, this.#end);
    // When the room goes on for other handles, its state does not change, but that of this handle does.
    this.#emitter.emit("room");
    this.#end();
  }
}
