import { act } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";

const { useRequest } = hooks;

afterEach(() => {
  vi.useRealTimers();
});

describe("useRequest", () => {
  it("asks once for hooks with the same key, and renders each once with the reply", async () => {
    const { connect, settle, asked } = createScene();
    const one = watch(() => useRequest("square", { of: 3 }));
    const two = watch(() => useRequest("square", { of: 3 }));
    const other = watch(() => useRequest("square", { of: 4 }));
    await createPage(await connect("ada")).show(
      <>
        <one.Watcher />
        <two.Watcher />
        <other.Watcher />
      </>,
    );
    await settle();
    expect(asked).toEqual(["square 3", "square 4"]);
    expect(one.renders).toMatchObject([{ status: "pending" }, { status: "success", data: 9 }]);
    expect(two.renders).toHaveLength(2);
    expect(other.now.data).toBe(16);
  });

  it("asks for null and for nothing apart", async () => {
    const { connect, settle, asked } = createScene();
    const slow = watch((input: unknown) => useRequest("slow", input as undefined));
    const page = createPage(await connect("ada"));
    await page.show([<slow.Watcher key="1" />, <slow.Watcher key="2" of={null} />]);
    await settle();
    // The server refuses null, which the contract of this request does not have.
    expect(slow.now).toMatchObject({ status: "error", error: { code: "invalid_message" } });
    expect(asked).toEqual(["slow"]);
  });

  it("keeps its data while it is asked again, and its refetch", async () => {
    const { connect, settle, asked } = createScene();
    const square = watch(() => useRequest("square", { of: 3 }));
    await createPage(await connect("ada")).show(<square.Watcher />);
    await settle();
    const { refetch } = square.now;
    await act(async () => refetch());
    expect(square.now).toMatchObject({ status: "pending", data: 9 });
    await settle();
    expect(square.now).toMatchObject({ status: "success", data: 9, refetch });
    expect(asked).toEqual(["square 3", "square 3"]);
  });

  it("asks again when its input changes, and shows no data of the earlier one", async () => {
    const { connect, settle } = createScene();
    function Square({ of }: { readonly of: number }) {
      const { status, data } = useRequest("square", { of });
      return <p>{`${status} ${String(data)}`}</p>;
    }
    const page = createPage(await connect("ada"), true);
    await page.show(<Square of={3} />);
    await settle();
    expect(page.text).toBe("success 9");
    await page.show(<Square of={-1} />);
    expect(page.text).toBe("pending undefined");
    await settle();
    expect(page.text).toBe("error undefined");
  });

  it("is aborted when the last component that uses it is unmounted, and not before", async () => {
    const { connect, settle, asked, answers } = createScene();
    const ada = await connect("ada");
    const slow = watch(() => useRequest("slow"));
    const page = createPage(ada);
    await page.show([<slow.Watcher key="1" />, <slow.Watcher key="2" />]);
    await settle();
    await page.show([<slow.Watcher key="1" />]);
    answers.shift()?.("first");
    await settle();
    expect(slow.now.data).toBe("first");
    await page.show([]);
    await page.show([<slow.Watcher key="3" />]);
    await settle();
    expect(slow.now).toMatchObject({ status: "pending", data: undefined });
    const before = slow.renders.length;
    await page.show([]);
    answers.shift()?.("second");
    await settle();
    expect(slow.renders).toHaveLength(before);
    expect(asked).toEqual(["slow", "slow"]);
  });

  it("waits with enabled: false until it is asked", async () => {
    const { connect, settle, asked } = createScene();
    const square = watch(() => useRequest("square", { of: 3 }, { enabled: false }));
    await createPage(await connect("ada")).show(<square.Watcher />);
    await settle();
    expect(asked).toEqual([]);
    expect(square.now.status).toBe("pending");
    await act(async () => square.now.refetch());
    await settle();
    expect(square.now).toMatchObject({ status: "success", data: 9 });
  });

  it("keeps its data while enabled is false, asks again when it is true, and forgets what is another user's", async () => {
    const { system, connect, settle, pass, asked } = createScene();
    const square = watch((enabled: boolean) => useRequest("square", { of: 3 }, { enabled }));
    const ada = await connect("ada");
    const page = createPage(ada, true);
    await page.show(<square.Watcher of={true} />);
    await settle();
    await page.show(<square.Watcher of={false} />);
    expect(square.now).toMatchObject({ status: "success", data: 9 });
    asked.length = 0;
    await page.show(<square.Watcher of={true} />);
    expect(square.now).toMatchObject({ status: "pending", data: 9 });
    await settle();
    expect(square.now).toMatchObject({ status: "success", data: 9 });
    expect(asked).toEqual(["square 3"]);
    await page.show(<square.Watcher of={false} />);
    for (const { data } of system.manager.wsInstances.get("ada") ?? [])
      Object.assign(data, { userId: "bea" });
    ada.cut();
    await pass(500);
    expect(square.now).toMatchObject({ status: "pending", data: undefined });
    expect(asked).toEqual(["square 3"]);
  });

  it("shows the reply to what was asked before enabled became false", async () => {
    const { connect, settle, asked, answers } = createScene();
    const slow = watch((enabled: boolean) => useRequest("slow", undefined, { enabled }));
    const page = createPage(await connect("ada"));
    const answer = async (text: string) => {
      await act(async () => answers.shift()?.(text));
      await settle();
    };
    await page.show(<slow.Watcher of={true} />);
    await settle();
    await answer("first");
    await act(async () => slow.now.refetch());
    await settle();
    await page.show(<slow.Watcher of={false} />);
    await answer("second");
    expect(slow.now).toMatchObject({ status: "success", data: "second" });
    expect(asked).toEqual(["slow", "slow"]);
    await page.unmount();
  });

  it("of a component that has asked by refetch() is not aborted when another component is unmounted", async () => {
    const { connect, settle, answers } = createScene();
    const slow = watch(() => useRequest("slow", undefined, { enabled: false }));
    const other = watch(() => useRequest("slow"));
    const page = createPage(await connect("ada"));
    await page.show([<slow.Watcher key="1" />, <other.Watcher key="2" />]);
    await act(async () => slow.now.refetch());
    await page.show([<slow.Watcher key="1" />]);
    await settle();
    await act(async () => answers.at(-1)?.("reply"));
    await settle();
    expect(slow.now).toMatchObject({ status: "success", data: "reply" });
    await page.unmount();
  });

  it("says why it has failed, and asks again with the next connection", async () => {
    const { connect, settle, pass, asked } = createScene();
    const ada = await connect("ada");
    const square = watch(() => useRequest("square", { of: -1 }));
    await createPage(ada).show(<square.Watcher />);
    await settle();
    expect(square.now).toMatchObject({ status: "error", error: { code: "forbidden" } });
    ada.cut();
    await pass(500);
    expect(asked).toEqual(["square -1", "square -1"]);
  });

  it("asks again after a gap of its room or, without a room, of any channel, and keeps its data meanwhile", async () => {
    const { connect, settle, pass, asked, rows, system } = createScene();
    const ada = await connect("ada");
    ada.join("other");
    const inRoom = watch(() => useRequest("history", undefined, { room: "general" }));
    const outside = watch(() => useRequest("square", { of: 3 }));
    const loseMessagesOf = async (room: string) => {
      asked.length = 0;
      ada.cut();
      for (let index = 0; index < 1_100; index++)
        void system.manager.sendToRoom(room, { type: "chat_message", content: "lost" });
      await pass(500);
    };
    const page = createPage(ada, true);
    await page.show(
      <>
        <inRoom.Watcher />
        <outside.Watcher />
      </>,
    );
    await settle();
    rows.push({ id: "1", content: "missed" });
    const before = inRoom.renders.length;
    await loseMessagesOf("general");
    expect(asked).toEqual(["history general", "square 3"]);
    expect(inRoom.renders.slice(before).map(({ data }) => data?.length)).not.toContain(undefined);
    expect(inRoom.now).toMatchObject({ status: "success", data: rows });
    await loseMessagesOf("other");
    expect(asked).toEqual(["square 3"]);
    await page.unmount();
    await loseMessagesOf("other");
    expect(asked).toEqual([]);
  });

  it("joins its room, and leaves it a second after the last unmount", async () => {
    const { connect, settle, pass, rows, membersOf } = createScene();
    rows.push({ id: "1", content: "one" });
    const history = watch(() => useRequest("history", undefined, { room: "general" }));
    const page = createPage(await connect("ada"), true);
    await page.show(<history.Watcher />);
    await settle();
    expect(history.now.data).toEqual([{ id: "1", content: "one" }]);
    expect(await membersOf("general")).toBe(1);
    await page.show(null);
    await pass(1_100);
    expect(await membersOf("general")).toBe(0);
  });
});
