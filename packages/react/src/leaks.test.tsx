import { afterEach, expect, it, vi } from "vitest";
import { createPage, createScene, hooks } from "../test/scene.tsx";

afterEach(() => {
  vi.useRealTimers();
});

it("200 mounts and unmounts of all hooks leave no listener, no room and no timer", async () => {
  const { connect, settle, pass, membersOf } = createScene();
  const ada = await connect("ada");
  const joined = vi.spyOn(ada, "join");
  const page = createPage(ada, true);
  function Everything({ name }: { readonly name: string }) {
    const room = hooks.useRoom(name);
    hooks.useConnection();
    hooks.usePresence(name, { others: true });
    hooks.usePresence();
    hooks.useTyping(name);
    hooks.useMessage("chat_message", () => undefined);
    hooks.useMessages("chat_message", {
      room: name,
      load: ({ signal }) => room.request("history", undefined, { signal }),
    });
    hooks.useRequest("history", undefined, { room: name });
    hooks.useSend("card", { room: name });
    return null;
  }
  const timers = vi.getTimerCount();
  const listeners = countListeners(ada);
  for (let index = 0; index < 200; index++) {
    await page.show(<Everything key={index} name={`room-${String(index % 5)}`} />);
    if (index % 20 === 0) await settle();
  }
  await page.show(null);
  await settle();
  await pass(1_100);
  expect(joined.mock.calls.length).toBeGreaterThan(200);
  expect(joined.mock.results.map(({ value }) => (value as { state: object }).state)).toEqual(
    joined.mock.calls.map(() => ({ status: "left", error: undefined })),
  );
  expect(listeners()).toEqual([]);
  expect(await membersOf("room-1")).toBe(0);
  expect(vi.getTimerCount()).toBe(timers);
});

/** The listeners that were added to a client since, and have not ended. */
function countListeners(client: Awaited<ReturnType<ReturnType<typeof createScene>["connect"]>>) {
  const open = new Map<object, string>();
  const counted =
    (name: string, add: (...parameters: never[]) => () => void) =>
    (...parameters: never[]) => {
      const stop = add(...parameters);
      const call = new Error(name);
      // The test network has listeners of its own.
      if (call.stack?.includes("/react/src/hooks/") !== true) return stop;
      open.set(call, name);
      return () => {
        open.delete(call);
        stop();
      };
    };
  const { on, onGap, stores } = client;
  Object.assign(client, { on: counted("on", on), onGap: counted("onGap", onGap) });
  for (const name of ["state", "user", "users"] as const)
    Object.assign(stores[name], { subscribe: counted(name, stores[name].subscribe) });
  return () => [...open.values()];
}
