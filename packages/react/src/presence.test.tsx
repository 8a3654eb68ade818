import { act, useEffect } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";

const { useMyPresence, usePresence } = hooks;
const HERE = { status: "here", cursor: null } as const;

afterEach(() => {
  vi.useRealTimers();
});

describe("useMyPresence", () => {
  it("shows the others what it returns, from the mount on, and each patch at once here", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const mine = watch(() => useMyPresence("canvas", { ...HERE }));
    const others = watch(() =>
      usePresence("canvas", { others: true, select: (users) => users[0]?.presence }),
    );
    await createPage(ada, true).show(<mine.Watcher />);
    await createPage(bob).show(<others.Watcher />);
    await settle();
    expect([mine.now[0], others.now]).toEqual([HERE, HERE]);
    await act(async () => mine.now[1]({ cursor: { x: 1 } }));
    await act(async () => mine.now[1]({ cursor: { x: 2 } }));
    expect(mine.now[0]).toEqual({ status: "here", cursor: { x: 2 } });
    await pass(200);
    expect(others.now).toEqual({ status: "here", cursor: { x: 2 } });
  });

  it("has one state for all components of a room, and renders those only whose state has changed", async () => {
    const { connect, settle } = createScene();
    const client = await connect("ada");
    const first = watch(() => useMyPresence("canvas", { ...HERE }));
    const second = watch(() => useMyPresence("canvas", { status: "away", cursor: { x: 7 } }));
    const elsewhere = watch(() => useMyPresence("other", { ...HERE }));
    await createPage(client).show(
      <>
        <first.Watcher />
        <second.Watcher />
        <elsewhere.Watcher />
      </>,
    );
    await settle();
    expect(second.now[0]).toEqual(HERE);
    const before = elsewhere.renders.length;
    await act(async () => second.now[1]({ status: "away" }));
    expect([first.now[0].status, second.now[0].status]).toEqual(["away", "away"]);
    const count = first.renders.length;
    await act(async () => first.now[1]({ status: "away" }));
    expect([first.renders.length, elsewhere.renders.length]).toEqual([count, before]);
    expect(new Set(first.renders.map(([, update]) => update)).size).toBe(1);
  });

  it("ends with the room, a second after the component, and begins anew with the next one", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const mine = watch(() => useMyPresence("canvas", { ...HERE }));
    const page = createPage(ada);
    const room = bob.join("canvas");
    await page.show(<mine.Watcher />);
    await settle();
    await act(async () => mine.now[1]({ status: "away" }));
    const update = mine.now[1];
    await page.show(<p />);
    update({ status: "here" });
    await pass(1_500);
    expect(room.users.map(({ userId }) => userId)).toEqual(["bob"]);
    await page.show(<mine.Watcher />);
    await pass(200);
    expect(mine.now[0]).toEqual(HERE);
    expect(room.users.map(({ presence }) => presence)).toEqual([undefined, HERE]);
  });

  it("shows the others no field of an earlier state when the component is mounted again in a room that was kept", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    ada.join("canvas");
    const mine = watch(() => useMyPresence("canvas", { ...HERE }));
    const page = createPage(ada);
    const room = bob.join("canvas");
    await page.show(<mine.Watcher />);
    await settle();
    await act(async () => mine.now[1]({ status: "away", note: "back at five" }));
    await pass(200);
    await page.show(<p />);
    await pass(60_000);
    await page.show(<mine.Watcher />);
    await pass(200);
    expect(mine.now[0]).toEqual(HERE);
    expect(room.users.map(({ presence }) => presence)).toEqual([HERE, undefined]);
  });

  it("begins in another room with the initial state for that room", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const states = { canvas: HERE, sketch: { status: "away", cursor: { x: 1 } } } as const;
    const mine = watch((room: keyof typeof states) => useMyPresence(room, states[room]));
    const page = createPage(ada, true);
    const room = bob.join("sketch");
    await page.show(<mine.Watcher of="canvas" />);
    await settle();
    await page.show(<mine.Watcher of="sketch" />);
    await pass(200);
    expect(mine.now[0]).toEqual(states.sketch);
    expect(room.users.map(({ presence }) => presence)).toContainEqual(states.sketch);
  });

  it("shows what a child changes in its effect on the mount", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const room = bob.join("canvas");
    const child = watch((update: (patch: { status: "away" }) => void) =>
      useEffect(() => update({ status: "away" }), [update]),
    );
    function Parent() {
      const [me, update] = useMyPresence("canvas", HERE);
      return (
        <p>
          {me.status}
          <child.Watcher of={update} />
        </p>
      );
    }
    const page = createPage(ada);
    await page.show(<Parent />);
    await settle();
    await pass(200);
    expect(page.text).toBe("away");
    expect(room.users.map(({ presence }) => presence?.status)).toContain("away");
  });

  it("is shown to the others again when a component joins the room that the server had ended for another one", async () => {
    const { connect, settle, pass, system } = createScene();
    const [ada, bob] = [await connect("ada"), await connect("bob")];
    const room = bob.join("canvas");
    const mine = watch(() => useMyPresence("canvas", HERE));
    const page = createPage(ada);
    await page.show([<mine.Watcher key="first" />]);
    await settle();
    await act(async () => mine.now[1]({ status: "away" }));
    await act(() => system.manager.removeFromRoom("ada", "canvas"));
    await settle();
    await page.show([<mine.Watcher key="first" />, <mine.Watcher key="second" />]);
    await settle();
    await pass(200);
    expect(room.users.map(({ presence }) => presence?.status)).toContain("away");
  });

  it("returns the initial state on a server", async () => {
    const { connect } = createScene();
    const page = createPage(await connect("ada"));
    function Status() {
      return <p>{useMyPresence("canvas", { ...HERE })[0].status}</p>;
    }
    expect(renderToString(page.provided(<Status />))).toBe("<p>here</p>");
  });
});

describe("usePresence", () => {
  it("keeps the object of each user of whom nothing has changed", async () => {
    const { connect, settle, pass } = createScene();
    const [ada, bob, cy] = [await connect("ada"), await connect("bob"), await connect("cy")];
    const all = watch(() => usePresence("canvas"));
    await createPage(ada).show(<all.Watcher />);
    const [bobs, cys] = [bob.join("canvas"), cy.join("canvas")];
    bobs.updatePresence(HERE);
    await settle();
    await pass(200);
    const before = all.now;
    cys.updatePresence({ status: "away", cursor: null });
    await settle();
    await pass(200);
    expect(all.now.map(({ userId, presence }) => [userId, presence?.status])).toEqual([
      ["ada", undefined],
      ["bob", "here"],
      ["cy", "away"],
    ]);
    expect(all.now.map((user, index) => user === before[index])).toEqual([true, true, false]);
  });
});
