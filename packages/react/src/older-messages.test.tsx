import { act } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";

const { useMessages, useRoom } = hooks;
const PAGE_SIZE = 4;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A room with messages 1 to `count` in the history, of which a page has four. */
async function longRoom(count: number, limit?: number) {
  const scene = createScene({ pageSize: PAGE_SIZE });
  const { rows, connect, settle, pass, asked } = scene;
  const append = (to: number) => {
    while (rows.length < to) rows.push({ id: String(rows.length + 1), content: String(rows.length + 1) });
  };
  append(count);
  const ada = await connect("ada");
  const list = watch(() => {
    const room = useRoom("general");
    return useMessages("chat_message", {
      room: "general",
      load: ({ before, signal }) => room.request("history", { before }, { signal }),
      limit,
    });
  });
  const page = createPage(ada, true);
  await page.show(<list.Watcher />);
  await settle();
  asked.length = 0;
  return {
    ...scene,
    ada,
    list,
    page,
    append,
    texts: () => list.now.entries.map(({ message }) => message.content).join(" "),
    loadOlder: async () => {
      act(() => list.now.older.load());
      await settle();
    },
    /** More messages than the server keeps for a connection that is away: when it is back the history is loaded again. */
    gap: async () => {
      ada.cut();
      for (let index = 0; index < 1_100; index++)
        void scene.system.manager.sendToRoom("general", { type: "chat_message", content: "lost" });
      await pass(500);
      await settle();
      await pass(20);
    },
  };
}

describe("useMessages, older pages", () => {
  it("loads the page before the oldest message, each id once, until a page brings nothing new", async () => {
    const { list, texts, loadOlder, asked } = await longRoom(10);
    expect([texts(), list.now.older.status]).toEqual(["7 8 9 10", "more"]);
    const [newest] = list.now.entries.slice(-1);
    await loadOlder();
    expect(texts()).toBe("3 4 5 6 7 8 9 10");
    await loadOlder();
    await loadOlder();
    expect([texts(), list.now.older.status]).toEqual(["1 2 3 4 5 6 7 8 9 10", "end"]);
    await loadOlder();
    expect(asked).toEqual([
      "history general before 7",
      "history general before 3",
      "history general before 1",
    ]);
    expect(list.now.entries.at(-1)).toBe(newest);
  });

  it("asks once, however often it is called, and not while the newest page is under way", async () => {
    const { list, loadOlder, asked, settle } = await longRoom(10);
    act(() => {
      list.now.older.load();
      list.now.older.load();
    });
    expect(list.now.older.status).toBe("pending");
    await settle();
    expect(asked).toEqual(["history general before 7"]);
    act(() => list.now.reload());
    await loadOlder();
    expect(asked).toEqual(["history general before 7", "history general"]);
  });

  it("is at its end where the first page is empty, and where there is no history to load", async () => {
    const { list } = await longRoom(0);
    expect(list.now.older.status).toBe("end");
    const live = watch(() => useMessages("chat_message"));
    await createPage(await createScene().connect("bob")).show(<live.Watcher />);
    expect(live.now.older.status).toBe("end");
  });

  it("says that a page has failed, on the console too, and loads it with the next call", async () => {
    const { list, texts, loadOlder, failing } = await longRoom(10);
    const console = vi.spyOn(globalThis.console, "error").mockImplementation(() => {});
    failing.add("history");
    await loadOlder();
    expect(list.now).toMatchObject({
      status: "success",
      older: { status: "error", error: { code: "internal" } },
    });
    expect(console.mock.lastCall?.[0]).toBe('[halyard] useMessages("chat_message", room "general") failed:');
    failing.clear();
    await loadOlder();
    expect(list.now.older).toMatchObject({ status: "more", error: undefined });
    expect(texts()).toBe("3 4 5 6 7 8 9 10");
  });

  it("keeps what older pages have brought beside the newest entries, and loads again what the limit has cut", async () => {
    const { list, texts, loadOlder, append, system, settle, pass } = await longRoom(5, 4);
    await loadOlder();
    await loadOlder();
    expect([texts(), list.now.older.status]).toEqual(["1 2 3 4 5", "end"]);
    append(6);
    await act(async () => {
      void system.manager.sendToRoom("general", { type: "chat_message", content: "live" });
    });
    await settle();
    await pass(20);
    expect([texts(), list.now.older.status]).toEqual(["2 3 4 5 live", "more"]);
  });

  it("keeps them after a gap, also one that is longer than a page", async () => {
    const { texts, loadOlder, append, gap, asked } = await longRoom(10);
    await loadOlder();
    asked.length = 0;
    append(12);
    await gap();
    expect(texts()).toBe("3 4 5 6 7 8 9 10 11 12");
    expect(asked).toEqual(["history general"]);
    append(20);
    asked.length = 0;
    await gap();
    expect(texts()).toBe("3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
    expect(asked).toEqual(["history general", "history general before 17", "history general before 13"]);
  });

  it("drops them after a gap of more than ten pages, rather than to show a list with a hole", async () => {
    const { list, texts, loadOlder, append, gap } = await longRoom(10);
    await loadOlder();
    append(60);
    await gap();
    expect(texts().startsWith("21 22 ")).toBe(true);
    expect(list.now).toMatchObject({ status: "success", older: { status: "more" } });
    expect(list.now.entries).toHaveLength(40);
  });

  it("forgets a page that a new load has overtaken", async () => {
    const { list, texts, settle } = await longRoom(10);
    act(() => {
      list.now.older.load();
      list.now.reload();
    });
    await settle();
    expect([texts(), list.now.older.status]).toEqual(["7 8 9 10", "more"]);
  });
});

describe("useMessages, an entry that was not delivered", () => {
  it("is discarded for good; one that was delivered is not", async () => {
    const { list, texts, settle } = await longRoom(2);
    await act(async () => void list.now.send({ content: "x".repeat(100_000) }));
    await settle();
    expect(list.now.entries.map(({ status }) => status)).toEqual(["delivered", "delivered", "rejected"]);
    act(() => list.now.entries.forEach(({ id }) => list.now.discard(id)));
    expect(texts()).toBe("1 2");
    act(() => list.now.reload());
    await settle();
    expect(texts()).toBe("1 2");
  });
});
