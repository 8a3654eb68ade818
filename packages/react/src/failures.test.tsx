import { HalyardError } from "@halyard/protocol";
import { act } from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";
import { textsOf } from "../test/troubleshooting.ts";

const { useMessages, useRequest } = hooks;

afterEach(() => {
  vi.useRealTimers();
});

/** What the console is told from now on: each call's text, and the code and issues of its error. */
function watchConsole() {
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  return () => told.mock.calls;
}

describe("the console is told", () => {
  it("once that a request has failed, however many hooks share it, with the hook, the room and the error", async () => {
    const { connect, settle, failing } = createScene();
    failing.add("history");
    const told = watchConsole();
    const history = watch(() => useRequest("history", undefined, { room: "general" }));
    const page = createPage(await connect("ada"), true);
    await page.show([<history.Watcher key="1" />, <history.Watcher key="2" />]);
    await settle();
    const error = expect.objectContaining({ code: "internal" }) as unknown;
    expect(told()).toEqual([[...textsOf("hook-fails"), error]]);
    expect(textsOf("hook-fails")).toHaveLength(2);
    await act(async () => history.now.refetch());
    await settle();
    expect(told()).toHaveLength(2);
  });

  it("what of an input does not fit its schema", async () => {
    const { connect, settle } = createScene();
    const told = watchConsole();
    const square = watch(() => useRequest("square", { of: "3" as unknown as number }));
    await createPage(await connect("ada")).show(<square.Watcher />);
    await settle();
    const error = expect.objectContaining({ code: "invalid_message" }) as unknown;
    const issue = { path: "of", message: "Invalid input: expected number, received string" };
    expect(told()).toEqual([['[halyard] useRequest("square") failed:', "invalid_message", error, issue]]);
  });

  it("what the load of a list has thrown", async () => {
    const { connect, settle } = createScene();
    const told = watchConsole();
    const error = new TypeError("rows is undefined");
    const list = watch(() => useMessages("chat_message", { load: () => Promise.reject(error) }));
    await createPage(await connect("ada")).show(<list.Watcher />);
    await settle();
    expect(told()).toEqual([['[halyard] useMessages("chat_message") failed:', error]]);
  });
});

describe("the console is not told", () => {
  it("what an unmount has aborted", async () => {
    const { connect, settle } = createScene();
    const told = watchConsole();
    const slow = watch(() => useRequest("slow"));
    const list = watch(() =>
      useMessages("chat_message", {
        load: ({ signal }) =>
          new Promise<never[]>((_, reject) =>
            signal.addEventListener("abort", () => reject(new Error("aborted"))),
          ),
      }),
    );
    const page = createPage(await connect("ada"), true);
    await page.show([<slow.Watcher key="1" />, <list.Watcher key="2" />]);
    await settle();
    await page.unmount();
    await settle();
    expect(told()).toEqual([]);
  });

  it("what fails without a connection, and is asked again with the next one", async () => {
    const { connect, settle, pass, asked } = createScene();
    const told = watchConsole();
    const ada = await connect("ada");
    const square = watch(() => useRequest("square", { of: 3 }));
    ada.close();
    await createPage(ada).show(<square.Watcher />);
    ada.close();
    await settle();
    expect(square.now).toMatchObject({ status: "error", error: { code: "unavailable" } });
    await act(async () => ada.connect());
    await pass(100);
    expect(square.now).toMatchObject({ status: "success", data: 9 });
    expect(asked).toEqual(["square 3"]);
    expect(told()).toEqual([]);
  });

  it("what is lost with its connection when the next one is open already: it is asked again, pending meanwhile", async () => {
    const { connect, settle, pass } = createScene();
    const told = watchConsole();
    const ada = await connect("ada");
    const rejections: ((error: Error) => void)[] = [];
    const load = () => new Promise<never[]>((_, reject) => rejections.push(reject));
    const list = watch(() => useMessages("chat_message", { load }));
    await createPage(ada).show(<list.Watcher />);
    await settle();
    ada.cut();
    await pass(500);
    expect(ada.state.status).toBe("open");
    await act(async () => rejections[0]?.(new HalyardError("unavailable")));
    expect(list.renders.map(({ status }) => status)).not.toContain("error");
    expect(rejections).toHaveLength(2);
    expect(told()).toEqual([]);
    // The connection is the same since: a server that cannot answer is told.
    await act(async () => rejections[1]?.(new HalyardError("unavailable")));
    expect(list.now.status).toBe("error");
    expect(told()).toHaveLength(1);
  });
});
