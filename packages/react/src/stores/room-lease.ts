// Holds a room for as long as a component is mounted.
// Created while a component renders, without joining: the room is joined on mount, or by the first call of a method.
// After the unmount the room is kept for a second, so that navigation does not leave and join it again.
import type { RoomState, Store, Unsubscribe } from "@halyard/client";
import type { AnyClient, AnyRoom, AnyScope, Users } from "../common/client-view.ts";

const GRACE_MS = 1_000;
const METHODS = "on once onAny send request onStateChange onUsersChange onGap updatePresence leave".split(
  " ",
);

export const NO_USERS: Users = [];
export const JOINING: RoomState = { status: "joining" };

/** Where a hook sends and listens. */
export interface Lease {
  /** The room, or the client. Reading it does not join the room. */
  readonly scope: AnyScope;
  /** Joins the room. @returns a function that releases it */
  readonly mount: () => Unsubscribe;
  /** Lets a room be joined again, before `mount`: effects of children run first. */
  readonly reopen: () => void;
}

/** A lease of the named room; without a name, of the client. */
export function leaseOf(client: AnyClient, name: string | undefined): Lease {
  return name === undefined
    ? { scope: client, mount: () => () => {}, reopen: () => {} }
    : leaseRoom(client, name);
}

/** Each component has its own handle; the client counts them and leaves the room with the last one. */
function leaseRoom(client: AnyClient, givenName: string): Lease {
  const name = givenName.normalize();
  let handle: AnyRoom | undefined;
  /** The timer that leaves the room, from its release until it is opened again. */
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = (): AnyRoom => (handle ??= client.join(name));
  const watch = <T>(storeOf: (room: AnyRoom) => Store<T>, before: T): Store<T> => ({
    get: () => (handle ? storeOf(handle).get() : before),
    subscribe: (listener) => storeOf(open()).subscribe(listener),
  });
  const stores = {
    state: watch((room) => room.stores.state, JOINING),
    users: watch((room) => room.stores.users, NO_USERS),
  };
  const room = {
    name,
    stores,
    get state() {
      return stores.state.get();
    },
    get users() {
      return stores.users.get();
    },
    get ready() {
      return open().ready;
    },
  };
  const reopen = (): void => {
    clearTimeout(timer);
    // A room that was left or refused is joined again on the next mount.
    if (timer && handle?.state.status === "left") handle = undefined;
    timer = undefined;
  };
  const mount = (): Unsubscribe => {
    reopen();
    open();
    return () => {
      timer = setTimeout(() => handle?.leave(), GRACE_MS);
    };
  };
  return { scope: Object.assign(room, methodsOf(open)), mount, reopen };
}

function methodsOf(
  open: () => object,
): Pick<AnyRoom, "on" | "send" | "request" | "updatePresence" | "leave"> {
  type Methods = Readonly<Record<string, (...parameters: unknown[]) => unknown>>;
  const callOf = (method: string): [string, unknown] => [
    method,
    (...parameters: unknown[]) => (open() as Methods)[method]?.(...parameters),
  ];
  return Object.fromEntries(METHODS.map(callOf)) as unknown as AnyRoom;
}
