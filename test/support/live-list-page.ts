// A page with one list of messages by `useMessages`. `LiveList` bundles the page and reads its global `counts`.
import { createWebSocketClient } from "@halyard/client";
import { createHalyardReact } from "@halyard/react";
import { createElement, memo } from "react";
import { createRoot } from "react-dom/client";
import type { ListCounts } from "./live-list.ts";
import type { LineProtocol } from "./react-page.ts";

const LIMIT = 1_000;
const client = createWebSocketClient<LineProtocol>({ url: "/ws" });
const { HalyardProvider, useMessages } = createHalyardReact<LineProtocol>();
const counts: ListCounts = { renders: 0, numbers: [] };
Object.assign(globalThis, { counts });
client.on("line", ({ number }) => counts.numbers.push(number));

const initial = Array.from({ length: LIMIT }, (_, index) => ({
  id: `initial ${String(index)}`,
  number: -1,
  text: "A line that was there before.",
}));

function List() {
  counts.renders++;
  const { entries } = useMessages("line", { room: "list", limit: LIMIT, initial });
  const lines = entries.map(({ id, message }) => createElement(Line, { key: id, text: message.text }));
  return createElement("ul", null, lines);
}

const Line = memo(({ text }: { readonly text: string }) => createElement("li", null, text));

const container = document.createElement("div");
document.body.append(container);
createRoot(container).render(createElement(HalyardProvider, { client }, createElement(List)));
client.onStateChange(({ status }) => (document.title = status));
