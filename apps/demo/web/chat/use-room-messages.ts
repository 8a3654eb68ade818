import { useMemo, useRef, useState } from "react";
import type { StoredMessage } from "../../shared/protocol.ts";
import { useMessages, useRoom } from "./halyard.ts";

export type RoomMessages = ReturnType<typeof useRoomMessages>;
export type Entry = RoomMessages["entries"][number];

interface OlderMessages {
  readonly rows: readonly StoredMessage[];
  /** Whether the server has messages before these. */
  readonly hasMore: boolean;
  readonly status: "idle" | "pending" | "error";
}

const NO_OLDER: OlderMessages = { rows: [], hasMore: false, status: "idle" };

/** The messages of a room: the newest page and all that follows it, and the older pages that the reader has asked for. */
export function useRoomMessages(name: string) {
  const room = useRoom(name);
  const [older, setOlder] = useState(NO_OLDER);
  const [discarded, setDiscarded] = useState<readonly string[]>([]);
  /** The oldest message of the list; a reload begins with it, so that the reader's place stays in the list. */
  const first = useRef<string>(undefined);
  const list = useMessages("chat_message", {
    room: name,
    limit: Infinity,
    load: async ({ signal }) => {
      const { messages, more } = await room.request("load_history", { since: first.current }, { signal });
      const id = messages[0]?.id;
      // The list begins with another message: between it and the older pages messages would be missing.
      if (id !== first.current && !signal.aborted) setOlder({ ...NO_OLDER, hasMore: more });
      first.current = id;
      return messages;
    },
  });

  const loadOlder = async (): Promise<void> => {
    const before = older.rows[0]?.id ?? first.current;
    setOlder({ ...older, status: "pending" });
    try {
      const { messages, more } = await room.request("load_history", { before });
      setOlder((current) => ({ rows: [...messages, ...current.rows], hasMore: more, status: "idle" }));
    } catch {
      setOlder((current) => ({ ...current, status: "error" }));
    }
  };

  const entries = useMemo(
    (): (typeof list.entries)[number][] => [
      ...older.rows.map((message) => ({ id: message.id, status: "delivered" as const, message })),
      ...list.entries.filter(({ id }) => !discarded.includes(id)),
    ],
    [older.rows, list.entries, discarded],
  );
  return {
    entries,
    isLoaded: list.status === "success",
    hasFailed: list.status === "error" || older.status === "error",
    hasMore: older.hasMore,
    send: (content: string) => void list.send({ content }),
    retry: list.retry,
    /** Takes a message off the list that was not sent. */
    discard: (id: string) => setDiscarded([...discarded, id]),
    /** Loads the page before the oldest message, when there is one and none is on its way. */
    loadOlder: () => {
      if (older.hasMore && older.status === "idle" && list.status === "success") void loadOlder();
    },
    reload: () => {
      if (list.status === "error") list.reload();
      else if (older.status === "error") void loadOlder();
    },
  };
}
