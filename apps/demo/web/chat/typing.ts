import type { Store } from "../lib/store.ts";
import { createStore } from "../lib/store.ts";

const EXPIRE_MS = 6_000;

export interface TypingList {
  /** Ids of the others who are typing, in the order in which they began. */
  readonly userIds: Pick<Store<readonly string[]>, "get" | "subscribe">;
  /** Takes the typing indicator of another user. */
  update(userId: string, isTyping: boolean): void;
  close(): void;
}

/** The users who are typing. An indicator expires after six seconds: its sender may have disconnected without a last one. */
export function createTypingList(): TypingList {
  const userIds = createStore<readonly string[]>([]);
  const timers = new Map<string, ReturnType<typeof setTimeout>>();

  function forget(userId: string): void {
    clearTimeout(timers.get(userId));
    if (timers.delete(userId)) userIds.set([...timers.keys()]);
  }

  return {
    userIds,
    update(userId, isTyping) {
      if (!isTyping) return forget(userId);
      const isNew = !timers.has(userId);
      clearTimeout(timers.get(userId));
      timers.set(userId, setTimeout(forget, EXPIRE_MS, userId));
      if (isNew) userIds.set([...timers.keys()]);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** "Ada is typing…", "Ada and Bob are typing…"; more than two become a number, so that the line never wraps. */
export function typingText(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return "";
  if (second === undefined) return `${first} is typing…`;
  if (names.length === 2) return `${first} and ${second} are typing…`;
  return `${first} and ${names.length - 1} others are typing…`;
}
