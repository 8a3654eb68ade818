import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import { foldUsers } from "./roster.js";
import { channelOf } from "./rooms.js";

const NOBODY: readonly PublicUser[] = [];

/** Who is there: everywhere (`all`), and in each room. */
export class Presence {
  readonly #users = new Map<string, readonly PublicUser[]>();
  readonly #onChange: (channel: string, users: readonly PublicUser[]) => void;

  constructor(onChange: (channel: string, users: readonly PublicUser[]) => void) {
    this.#onChange = onChange;
  }

  of(channel: string): readonly PublicUser[] {
    return this.#users.get(channel) ?? NOBODY;
  }

  fold(frame: Frame): void {
    const channel = typeof frame["room"] === "string" ? channelOf(frame["room"]) : "all";
    this.#set(channel, foldUsers(this.of(channel), frame));
  }

  drop(channel: string): void {
    this.#set(channel, NOBODY);
    this.#users.delete(channel);
  }

  #set(channel: string, users: readonly PublicUser[]): void {
    if (users === this.of(channel)) return;
    this.#users.set(channel, users);
    this.#onChange(channel, users);
  }
}
