// A page with a component that uses every hook of @halyard/react. `mounts.test.ts` bundles the page and calls its global
// `mountAndUnmount`.
import { createWebSocketClient } from "@halyard/client";
import { createHalyardReact } from "@halyard/react";
import { createElement } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import type { LineProtocol } from "./react-page.ts";

const ROOMS = 5;
const client = createWebSocketClient<LineProtocol>({ url: "/ws" });
const hooks = createHalyardReact<LineProtocol>();

function EveryHook({ name }: { readonly name: string }) {
  const room = hooks.useRoom(name);
  const { status } = hooks.useConnection();
  const { onInput } = hooks.useTyping(name);
  const send = hooks.useSend("line", { room: name });
  hooks.usePresence(name, { others: true });
  hooks.usePresence();
  hooks.useMessage("line", () => undefined, { room: name });
  hooks.useMessages("line", {
    room: name,
    load: ({ signal }) => room.request("history", undefined, { signal }),
  });
  hooks.useRequest("history", undefined, { room: name });
  const onClick = () => void send({ id: "1", number: 1, text: "hello" });
  return createElement("button", { "data-status": status, onClick, onFocus: onInput }, name);
}

const container = document.createElement("div");
document.body.append(container);
const root = createRoot(container);
const show = (child: ReactNode) => root.render(createElement(hooks.HalyardProvider, { client }, child));

/** Mounts and unmounts the component; each mount lasts for one task. */
async function mountAndUnmount(times: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    show(createElement(EveryHook, { key: index, name: `room-${String(index % ROOMS)}` }));
    await nextTask();
    show(null);
    await nextTask();
  }
}

async function nextTask(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

Object.assign(globalThis, { mountAndUnmount });
show(null);
client.onStateChange(({ status }) => (document.title = status));
