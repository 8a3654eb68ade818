// What `<Activity>`, which React 18 does not have, hides and shows again.
import { Activity, memo, useEffect } from "react";
import type { ReactNode } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { createPage, createScene, hooks } from "../test/scene.tsx";

const { useRoom } = hooks;

afterEach(() => {
  vi.useRealTimers();
});

async function createActivity(child: ReactNode) {
  const scene = createScene();
  const page = createPage(await scene.connect("ada"));
  const set = (mode: "visible" | "hidden") => page.show(<Activity mode={mode}>{child}</Activity>);
  await set("visible");
  await scene.settle();
  return { ...scene, page, set };
}

it("a child may call the methods of a room in its effect when it is shown again, however long it was hidden", async () => {
  const receipts: string[] = [];
  const Child = ({ send }: ReturnType<typeof useRoom>) => {
    useEffect(() => {
      void send("chat_message", { content: "shown" }).then(({ status }) => receipts.push(status));
    }, [send]);
    return null;
  };
  const Parent = memo(() => <Child {...useRoom("general")} />);
  const { page, set, pass, settle, membersOf } = await createActivity(<Parent />);
  expect(receipts).toEqual(["delivered"]);
  await set("hidden");
  await pass(1_100);
  expect(await membersOf("general")).toBe(0);
  await set("visible");
  await settle();
  expect(receipts).toEqual(["delivered", "delivered"]);
  expect(await membersOf("general")).toBe(1);
  await page.unmount();
  await pass(1_100);
  expect(await membersOf("general")).toBe(0);
});

it("a child may listen in its effect to a room that the server has ended, and that is joined again when it is shown", async () => {
  const heard: string[] = [];
  const Child = ({ on }: ReturnType<typeof useRoom>) => {
    useEffect(() => on("chat_message", ({ content }) => heard.push(content)), [on]);
    return null;
  };
  const Parent = memo(() => <Child {...useRoom("general")} />);
  const { page, set, settle, system, membersOf } = await createActivity(<Parent />);
  await system.manager.removeFromRoom("ada", "general");
  await settle();
  expect(await membersOf("general")).toBe(0);
  await set("hidden");
  await set("visible");
  await settle();
  expect(await membersOf("general")).toBe(1);
  await system.manager.sendToRoom("general", { type: "chat_message", content: "again" });
  await settle();
  expect(heard).toEqual(["again"]);
  await page.unmount();
});
