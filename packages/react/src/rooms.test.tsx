import { act, useEffect } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";

const { useMessage, useMessages, usePresence, useRoom, useSend, useTyping } = hooks;

afterEach(() => {
  vi.useRealTimers();
});

function InRoom({ name }: { readonly name: string }) {
  return <p>{useRoom(name).state.status}</p>;
}

describe("useRoom", () => {
  it("joins once, and stays in the room through a change of pages within a second", async () => {
    const { connect, settle, pass, joins, membersOf } = createScene();
    const ada = await connect("ada");
    const page = createPage(ada, true);
    await page.show(<InRoom key="one" name="general" />);
    await settle();
    expect(page.text).toBe("joined");
    await page.show(<p>between</p>);
    await pass(900);
    await page.show(<InRoom key="two" name="general" />);
    expect(page.text).toBe("joined");
    await pass(5_000);
    expect(joins.filter((join) => join !== "ada all")).toEqual(["ada general"]);
    await page.show(<p>elsewhere</p>);
    await pass(1_100);
    expect(await membersOf("general")).toBe(0);
  });

  it("gives the same object, whose methods a child may call in its first effect", async () => {
    const { connect, settle } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    bob.join("general");
    const room = watch(() => useRoom("general"));
    function Child() {
      const { send } = useRoom("general");
      useEffect(() => void send("chat_message", { content: "from an effect" }), [send]);
      return <room.Watcher />;
    }
    await createPage(ada).show(<Child />);
    await settle();
    expect(await bob.next("chat_message")).toMatchObject({ content: "from an effect" });
    expect(new Set(room.renders).size).toBe(1);
    expect(room.now.users.map(({ userId }) => userId)).toEqual(["bob", "ada"]);
    expect(await room.now.ready).toEqual({ status: "joined" });
  });

  it("shows that the server has refused the room, and tries again with the next mount", async () => {
    const { connect, settle, pass, joins } = createScene();
    const page = createPage(await connect("ada"));
    await page.show(<InRoom key="one" name="closed" />);
    await settle();
    expect(page.text).toBe("left");
    await page.show(<InRoom key="two" name="closed" />);
    await settle();
    await pass(1_100);
    expect(joins.filter((join) => join !== "ada all")).toEqual(["ada closed", "ada closed"]);
  });

  it("goes on with another key when a right that was lost is given back, also its list and its presence", async () => {
    const { system, rows, connect, settle, pass } = createScene();
    rows.push({ id: "1", content: "one" });
    const pane = watch(() => {
      const { request, state } = useRoom("general");
      const load = ({ signal }: { signal: AbortSignal }) => request("history", undefined, { signal });
      const { entries } = useMessages("chat_message", { room: "general", load });
      const [, update] = hooks.useMyPresence("general", { status: "here", cursor: null });
      return { state, texts: entries.map(({ message }) => message.content), update };
    });
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const seen = bob.join("general");
    const page = createPage(ada, true);
    await page.show(<pane.Watcher key="agent" />);
    await settle();
    await act(() => system.manager.removeFromRoom("ada", "general"));
    await settle();
    expect(pane.now.state).toMatchObject({ status: "left", error: { code: "forbidden" } });
    rows.push({ id: "2", content: "two" });
    await page.show(<pane.Watcher key="agent again" />);
    await settle();
    act(() => pane.now.update({ status: "away" }));
    void seen.send("chat_message", { content: "three" });
    await pass(200);
    expect(pane.now).toMatchObject({ state: { status: "joined" }, texts: ["one", "two", "three"] });
    expect(seen.users.at(-1)).toMatchObject({ userId: "ada", presence: { status: "away" } });
  });

  it("changes rooms with its name", async () => {
    const { connect, settle, pass, membersOf } = createScene();
    const page = createPage(await connect("ada"));
    await page.show(<InRoom name="one" />);
    await settle();
    await page.show(<InRoom name="two" />);
    await pass(1_100);
    expect(page.text).toBe("joined");
    expect([await membersOf("one"), await membersOf("two")]).toEqual([0, 1]);
  });
});

describe("usePresence", () => {
  it("lists the users in the room, without the own user where asked, and renders once for each change", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const all = watch(() => usePresence("general").map(({ userId }) => userId));
    const others = watch(() => usePresence("general", { others: true, select: (users) => users.length }));
    const names = watch(() =>
      usePresence("general", { select: (users) => users.map(({ userId }) => userId) }),
    );
    await createPage(ada).show(
      <>
        <all.Watcher />
        <others.Watcher />
        <names.Watcher />
      </>,
    );
    await settle();
    const room = bob.join("general");
    await settle();
    expect(all.now).toEqual(["ada", "bob"]);
    expect(others.renders).toEqual([0, 1]);
    expect(names.renders).toEqual([[], ["ada"], ["ada", "bob"]]);
    ada.cut();
    await pass(500);
    expect(names.renders).toHaveLength(3);
    room.leave();
    await settle();
    expect(others.renders).toEqual([0, 1, 0]);
  });

  it("without a room lists the users who are online", async () => {
    const { connect, settle } = createScene();
    const online = watch(() => usePresence(undefined, { others: true }));
    await createPage(await connect("ada")).show(<online.Watcher />);
    await act(() => connect("bob"));
    await settle();
    expect(online.now.map(({ userId }) => userId)).toEqual(["bob"]);
  });
});

describe("useTyping", () => {
  it("names the others who type, until they stop, send or are silent for 6 s", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const typing = watch(() => useTyping("general"));
    await createPage(ada).show(<typing.Watcher />);
    const room = bob.join("general");
    await settle();
    const names = () => typing.now.users.map(({ userId }) => userId);
    const before = typing.renders.length;
    const { onInput } = typing.now;
    room.send("typing_indicator", { isTyping: true });
    await settle();
    expect(names()).toEqual(["bob"]);
    void room.send("chat_message", { content: "done" });
    await settle();
    expect(names()).toEqual([]);
    room.send("typing_indicator", { isTyping: true });
    await pass(1_000);
    expect(names()).toEqual(["bob"]);
    await pass(6_000);
    expect(names()).toEqual([]);
    expect(typing.renders.length - before).toBe(4);
    expect(typing.now.onInput).toBe(onInput);
  });

  it("tells the others, and ends it when the component is unmounted", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const heard: boolean[] = [];
    bob.join("general").on("typing_indicator", ({ isTyping }) => heard.push(isTyping));
    const typing = watch(() => useTyping("general"));
    const page = createPage(ada);
    await page.show(<typing.Watcher />);
    await settle();
    typing.now.onInput();
    typing.now.onInput();
    await settle();
    expect(heard).toEqual([true]);
    await page.unmount();
    await pass(500);
    expect(heard).toEqual([true, false]);
  });
});

describe("useMessage and useSend", () => {
  it("call the listener of the newest render, and send to the room with one function", async () => {
    const { connect, settle } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const heard: string[] = [];
    const send = watch(() => useSend("card", { room: "table" }));
    function Heard({ prefix }: { readonly prefix: string }) {
      useMessage("card", ({ from, text }, { room = "" }) => heard.push(prefix + from.userId + text + room), {
        room: "table",
      });
      return <send.Watcher />;
    }
    const page = createPage(ada);
    await page.show(<Heard prefix="old " />);
    await page.show(<Heard prefix="new " />);
    void bob.join("table").send("card", { text: " ace " });
    void bob.join("other").send("card", { text: " ace " });
    await settle();
    expect(heard).toEqual(["new bob ace table"]);
    const receipt = send.now({ text: "king" });
    await settle();
    expect(await receipt).toMatchObject({ status: "delivered", channel: "room:table" });
    expect(new Set(send.renders).size).toBe(1);
  });
});
