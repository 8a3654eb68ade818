import type { PublicUser } from "@halyard/protocol";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { AnyClient, AnyScope, Users } from "../common/client-view.ts";
import { isSame } from "../common/is-same.ts";
import { endAll } from "../common/end-all.ts";
import { usePresence } from "./use-presence.ts";
import { useScope } from "./use-scope.ts";

const EXPIRE_MS = 6_000;
const TYPE = "typing_indicator";

/** The users who are typing, and the functions that tell others whether this user is typing. */
export interface TypingState {
  /** The other users who are typing, in the order in which they began. */
  readonly users: readonly PublicUser[];
  /** Call this on each input: the others see that this user is typing. */
  readonly onInput: () => void;
  /** Ends the typing. A chat message and 6 s without input do the same. */
  readonly stop: () => void;
}

export function useTyping(client: AnyClient, room?: string): TypingState {
  const scope = useScope(client, room);
  const [ids, setIds] = useState<readonly string[]>([]);
  useEffect(
    () => watchTyping(scope, (next) => setIds((known) => (isSame(known, next) ? known : next))),
    [scope],
  );
  const select = useCallback(
    (all: Users) => ids.flatMap((id) => all.find(({ userId }) => userId === id) ?? []),
    [ids],
  );
  const users = usePresence(client, room, { others: true, select }) as Users;
  const calls = useMemo(() => {
    const send = (isTyping: boolean) => () => void scope.send(TYPE, { isTyping });
    return { onInput: send(true), stop: send(false) };
  }, [scope]);
  return useMemo(() => ({ ...calls, users }), [calls, users]);
}

/**
 * Reports the ids of the users who are typing, in the order in which they began. An indicator counts for 6 s or until a chat
 * message of its user, because its sender may disappear without ending it.
 */
function watchTyping(scope: AnyScope, onChange: (ids: readonly string[]) => void): () => void {
  const { name, on, send } = scope;
  const timers = new Map<unknown, ReturnType<typeof setTimeout>>();
  const update = (id: unknown, isTyping?: unknown): void => {
    clearTimeout(timers.get(id));
    if (!isTyping) timers.delete(id);
    else
      timers.set(
        id,
        setTimeout(() => update(id), EXPIRE_MS),
      ); // one who is typing already keeps the place
    onChange([...timers.keys()] as string[]);
  };
  return endAll(
    on(TYPE, ({ userId, isTyping }, { room }) => room === name && update(userId, isTyping)),
    on("chat_message", ({ from }, { room }) => room === name && update((from as PublicUser).userId)),
    () => void send(TYPE, { isTyping: false }),
    () => timers.forEach((_, id) => update(id)),
  );
}
