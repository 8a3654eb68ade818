import { act, Profiler } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";

const { useMessages, useRoom } = hooks;

afterEach(() => {
  vi.useRealTimers();
});

/** `status content` of each entry. */
const linesOf = (list: { readonly entries: readonly { status: string; message: { content: string } }[] }) =>
  list.entries.map(({ status, message }) => `${status} ${message.content}`);

async function chat(options: { readonly limit?: number; readonly load?: boolean } = {}) {
  const scene = createScene();
  const [ada, bob] = [await scene.connect("ada"), await scene.connect("bob")];
  const list = watch(() => {
    const room = useRoom("general");
    const load = ({ signal }: { readonly signal: AbortSignal }) =>
      room.request("history", undefined, { signal });
    return useMessages("chat_message", {
      room: "general",
      ...(options.load === true ? { load } : {}),
      limit: options.limit,
    });
  });
  const page = createPage(ada, true);
  const bobsRoom = bob.join("general");
  await scene.settle();
  const show = async () => {
    await page.show(<list.Watcher />);
    await scene.settle();
  };
  return { ...scene, ada, list, page, show, bobsRoom };
}

describe("useMessages", () => {
  it("shows a message at once, then delivered and in the order of the server, once", async () => {
    const { list, show, bobsRoom, settle, pass } = await chat();
    await show();
    const before = list.renders.length;
    let id = "";
    act(() => {
      ({ id } = list.now.send({ content: "mine" }));
    });
    expect(linesOf(list.now)).toEqual(["sending mine"]);
    void bobsRoom.send("chat_message", { content: "theirs" });
    await settle();
    await pass(20);
    expect(linesOf(list.now).sort()).toEqual(["delivered mine", "delivered theirs"]);
    const own = list.now.entries.find((entry) => entry.id === id);
    expect(own).toMatchObject({ message: { from: { userId: "ada" }, sentAt: expect.any(String) as string } });
    expect(list.now.status).toBe("success");
    expect(list.renders.length - before).toBeLessThanOrEqual(2 * 3);
  });

  it("keeps a rejected message with its error, and sends it again on retry", async () => {
    const { list, show, settle, pass } = await chat();
    await show();
    const long = "x".repeat(100_000);
    await act(async () => void list.now.send({ content: long }));
    await settle();
    const [entry] = list.now.entries;
    expect(entry).toMatchObject({ status: "rejected", error: { code: "payload_too_large" } });
    await act(async () => list.now.retry(entry?.id ?? ""));
    await settle();
    await pass(20);
    expect(list.now.entries).toMatchObject([{ status: "rejected" }]);
    expect(list.now.entries[0]?.id).not.toBe(entry?.id);
    await act(async () => list.now.retry("unknown"));
    expect(list.now.entries).toHaveLength(1);
  });

  it("sends without a connection, and shows what expires", async () => {
    const { list, show, settle, pass, ada } = await chat();
    await show();
    await act(async () => ada.close());
    await act(async () => void list.now.send({ content: "closed" }));
    await settle();
    expect(list.now.entries).toMatchObject([{ status: "rejected", error: { code: "unavailable" } }]);
    await act(async () => ada.connect());
    await settle();
    await pass(100);
    await act(async () => list.now.retry(list.now.entries[0]?.id ?? ""));
    await settle();
    await pass(100);
    expect(linesOf(list.now)).toEqual(["delivered closed"]);
  });

  it("loads the history, merges it with live messages by id, and loads it again after a gap", async () => {
    const { list, show, settle, pass, rows, asked, system, bobsRoom, ada } = await chat({ load: true });
    rows.push({ id: "1", content: "old" });
    await show();
    expect(list.renders[0]).toMatchObject({ status: "pending", entries: [] });
    expect(list.now.status).toBe("success");
    const { id } = bobsRoom.send("chat_message", { content: "live" });
    await settle();
    await pass(20);
    expect(linesOf(list.now)).toEqual(["delivered old", "delivered live"]);
    const [old] = list.now.entries;
    rows.push({ id, content: "live" }, { id: "3", content: "missed" });
    const before = asked.length;
    ada.cut();
    for (let index = 0; index < 1_100; index++)
      void system.manager.sendToRoom("general", { type: "chat_message", content: `lost ${index}` });
    await pass(500);
    await settle();
    await pass(20);
    expect(asked.length - before).toBe(1);
    expect(linesOf(list.now)).toEqual(["delivered old", "delivered live", "delivered missed"]);
    expect(list.now.entries[0]).toBe(old);
    expect(list.now.status).toBe("success");
  });

  it("says that the load has failed, keeps the entries, and loads again by reload and with the next connection", async () => {
    const { list, show, settle, pass, failing, bobsRoom, ada, rows } = await chat({ load: true });
    await show();
    void bobsRoom.send("chat_message", { content: "live" });
    await settle();
    failing.add("history");
    await act(async () => list.now.reload());
    expect(list.now.status).toBe("pending");
    await settle();
    await pass(20);
    expect(list.now).toMatchObject({ status: "error", error: { code: "internal" } });
    expect(linesOf(list.now)).toEqual(["delivered live"]);
    failing.clear();
    rows.push({ id: "1", content: "from the database" });
    ada.cut();
    await pass(500);
    await pass(20);
    expect(list.now).toMatchObject({ status: "success", error: undefined });
    expect(linesOf(list.now)).toEqual(["delivered from the database"]);
  });

  it("keeps the newest entries up to its limit", async () => {
    const { list, show, settle, pass, bobsRoom } = await chat({ limit: 3 });
    await show();
    for (let index = 0; index < 5; index++) void bobsRoom.send("chat_message", { content: String(index) });
    await settle();
    await pass(20);
    expect(linesOf(list.now)).toEqual(["delivered 2", "delivered 3", "delivered 4"]);
  });

  it("takes initial rows that come later, or as a new array with each render", async () => {
    const { connect, settle, pass } = createScene();
    const ada = await connect("ada");
    function Rows({ ids }: { readonly ids: readonly string[] | undefined }) {
      const initial = ids?.map((id) => ({ id, content: id }));
      const list = useMessages("chat_message", { room: "general", initial });
      return <p>{linesOf(list).join()}</p>;
    }
    const page = createPage(ada, true);
    await page.show(<Rows ids={undefined} />);
    await page.show(<Rows ids={["1", "2"]} />);
    expect(page.text).toBe("delivered 1,delivered 2");
    await settle();
    await page.show(<Rows ids={["1", "2", "3"]} />);
    await pass(20);
    expect(page.text).toBe("delivered 1,delivered 2,delivered 3");
  });

  it("of a relayed type shows the own messages, which do not come back, and those of others", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const cards = watch(() => useMessages("card", { room: "table" }));
    await createPage(ada).show(<cards.Watcher />);
    const table = bob.join("table");
    await settle();
    await act(async () => void cards.now.send({ text: "ace" }));
    await settle();
    void table.send("card", { text: "king" });
    void table.send("card", { text: "king" });
    await settle();
    await pass(20);
    expect(cards.now.entries.map(({ status, message }) => ({ status, message }))).toMatchObject([
      { status: "delivered", message: { text: "ace", from: { userId: "ada" } } },
      { status: "delivered", message: { text: "king", from: { userId: "bob" } } },
      { status: "delivered", message: { text: "king", from: { userId: "bob" } } },
    ]);
    expect(new Set(cards.now.entries.map(({ id }) => id)).size).toBe(3);
  });

  it("without a room leaves out the messages of rooms", async () => {
    const { connect, settle } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const list = watch(() => useMessages("chat_message"));
    await createPage(ada).show(<list.Watcher />);
    ada.join("general");
    void bob.join("general").send("chat_message", { content: "in the room" });
    void bob.send("chat_message", { content: "to everyone" });
    await settle();
    expect(linesOf(list.now)).toEqual(["delivered to everyone"]);
  });

  it("renders at most once a frame, however many messages come [500 in a second]", async () => {
    const { list, page, system, pass, settle } = await chat();
    let commits = 0;
    await page.show(
      <Profiler id="list" onRender={() => commits++}>
        <list.Watcher />
      </Profiler>,
    );
    await settle();
    commits = 0;
    for (let index = 0; index < 500; index++) {
      void system.manager.sendToRoom("general", { type: "chat_message", content: String(index) });
      await pass(2);
    }
    await pass(20);
    expect(list.now.entries).toHaveLength(500);
    expect(commits).toBeGreaterThan(10);
    expect(commits).toBeLessThanOrEqual(64);
  });
});
