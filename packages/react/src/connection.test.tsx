import { createWebSocketClient } from "@halyard/client";
import { act, StrictMode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createPage, createScene, hooks, watch } from "../test/scene.tsx";
import type { AppProtocol } from "../test/scene.tsx";
import { textsOf } from "../test/troubleshooting.ts";
import { createHalyardReact } from "./index.ts";

const { HalyardProvider, useConnection, useMessages, usePresence, useRequest, useRoom, useSend, useTyping } =
  hooks;

afterEach(() => {
  vi.useRealTimers();
});

/** A client whose sockets never open, with the number of them. */
function closedClient(autoConnect: boolean) {
  const sockets: string[] = [];
  class CountedSocket {
    readonly readyState = 0;
    constructor(url: string) {
      sockets.push(url);
    }
    send(): void {}
    close(): void {}
  }
  const client = createWebSocketClient<AppProtocol>({
    url: "ws://halyard.test/ws",
    WebSocket: CountedSocket,
    autoConnect,
  });
  return { client, sockets };
}

function Everything() {
  const connection = useConnection();
  const room = useRoom("general");
  const users = usePresence("general", { others: true });
  const typing = useTyping("general");
  const history = useRequest("history", undefined, { room: "general" });
  const { entries, status } = useMessages("chat_message", {
    room: "general",
    initial: [{ id: "1", content: "from the server" }],
    load: ({ signal }) => room.request("history", undefined, { signal }),
  });
  useSend("card", { room: "general" });
  const parts = [connection.status, room.state.status, users.length, typing.users.length, history.status];
  return (
    <p>
      {parts.join()} {status} {entries.map((entry) => entry.message.content).join()}
    </p>
  );
}

const HTML = "<p>connecting,joining,0,0,pending<!-- --> <!-- -->pending<!-- --> <!-- -->from the server</p>";

describe("the provider", () => {
  it("opens one socket under StrictMode, when it is mounted", async () => {
    const { client, sockets } = closedClient(false);
    const page = createPage(client, true);
    expect(sockets).toEqual([]);
    await page.show(<Everything />);
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
    expect(sockets).toHaveLength(1);
    await page.unmount();
    expect(client.state.status).not.toBe("closed");
    client.close();
  });

  it("opens nothing and sets no timer while a page renders on a server", async () => {
    const { client, sockets } = closedClient(false);
    vi.useFakeTimers();
    const html = renderToString(
      <HalyardProvider client={client}>
        <Everything />
      </HalyardProvider>,
    );
    expect(html).toBe(HTML);
    expect(vi.getTimerCount()).toBe(0);
    expect(sockets).toEqual([]);
    expect(client.state.status).toBe("closed");
  });

  it("takes over a page of a server without a warning, while the client is connected already", async () => {
    const { connect, settle } = createScene();
    const client = await connect("ada");
    const warn = vi.spyOn(console, "error");
    const tree = (
      <StrictMode>
        <HalyardProvider client={client}>
          <Everything />
        </HalyardProvider>
      </StrictMode>
    );
    const container = document.createElement("div");
    container.innerHTML = renderToString(tree);
    const root = await act(async () => hydrateRoot(container, tree));
    await settle();
    expect(container.textContent).toBe("open,joined,0,0,success success ");
    expect(warn).not.toHaveBeenCalled();
    await act(async () => root.unmount());
  });

  it("connects no client that the server has closed for good", async () => {
    const { connect, settle, system } = createScene();
    const client = await connect("ada");
    await system.manager.disconnectUser("ada", { code: 4403 });
    await settle();
    const connection = watch(() => useConnection());
    await createPage(client).show(<connection.Watcher />);
    expect(connection.now).toMatchObject({ status: "authRequired", cause: { kind: "kicked" } });
  });

  it("is named, with the line to write, by a hook without it or below that of other hooks", () => {
    const [text = ""] = textsOf("no-provider");
    expect(() => renderToString(<Everything />)).toThrow(text);
    const other = createHalyardReact<AppProtocol>();
    const { client } = closedClient(false);
    const tree = <other.HalyardProvider client={client} children={<Everything />} />;
    expect(() => renderToString(tree)).toThrow(text);
  });
});

describe("useConnection", () => {
  it("renders for what its selector makes of the state, and not for other changes", async () => {
    const { connect, settle, pass } = createScene();
    const client = await connect("ada");
    const status = watch(() => useConnection((state) => state.status));
    const isOpen = watch(() => useConnection((state) => state.status === "open"));
    const list = watch(() => useConnection((state) => [state.status === "open"]));
    await createPage(client).show(
      <>
        <status.Watcher />
        <isOpen.Watcher />
        <list.Watcher />
      </>,
    );
    client.cut();
    await settle();
    await pass(500);
    expect(client.state.status).toBe("open");
    // React 18 leaves out a state that is over before it has rendered.
    expect(status.renders.filter((it) => it !== "connecting")).toEqual(["open", "waiting", "open"]);
    expect(isOpen.renders).toEqual([true, false, true]);
    expect(list.renders).toEqual([[true], [false], [true]]);
  });
});
