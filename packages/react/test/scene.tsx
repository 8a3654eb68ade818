import type { WebSocketClient } from "@halyard/client";
import { defineProtocol, HalyardError, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import { act, StrictMode } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { vi } from "vitest";
import { z } from "zod";
import { createHalyardReact } from "../src/index.ts";

const Row = z.object({ id: z.string(), content: z.string() });

const protocol = defineProtocol({
  presence: {
    state: z.object({
      status: z.enum(["here", "away"]),
      cursor: z.object({ x: z.number() }).nullable(),
      note: z.string().optional(),
    }),
  },
  clientMessages: { card: message(z.object({ text: z.string() }), { relay: "room" }) },
  requests: {
    history: request({
      input: z.object({ before: z.string().optional() }).optional(),
      output: z.array(Row),
      room: "required",
    }),
    square: request({ input: z.object({ of: z.number() }), output: z.number() }),
    slow: request({ output: z.string() }),
  },
});
export interface AppProtocol extends ProtocolOf<typeof protocol> {}

export const hooks = createHalyardReact<AppProtocol>();
const { HalyardProvider } = hooks;

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** A server and a network in memory, on a clock that the test advances; the timers of the hooks are vitest's. */
export function createScene({ pageSize = Infinity } = {}) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const clock = createTestClock();
  const joins: string[] = [];
  const system = createWebSocketSystem({
    protocol,
    clock,
    authorize: ({ room, action, user }) => {
      if (action === "join") joins.push(`${user.id} ${room}`);
      return room !== "closed";
    },
  });
  /** What the database has, oldest first. */
  const rows: z.infer<typeof Row>[] = [];
  const asked: string[] = [];
  const answers: ((text: string) => void)[] = [];
  const failing = new Set<string>();
  system.handlers.onRequest("history", ({ before } = {}, { room }) => {
    if (failing.has("history")) throw new HalyardError("internal");
    asked.push(before === undefined ? `history ${room}` : `history ${room} before ${before}`);
    const end = before === undefined ? rows.length : rows.findIndex(({ id }) => id === before);
    return rows.slice(Math.max(0, end - pageSize), end);
  });
  system.handlers.onRequest("square", ({ of }) => {
    asked.push(`square ${String(of)}`);
    if (of < 0) throw new HalyardError("forbidden", "no squares of these");
    return of * of;
  });
  system.handlers.onRequest("slow", () => {
    asked.push("slow");
    return new Promise((resolve) => answers.push(resolve));
  });
  const network = createTestNetwork(system, { clock });
  const settle = () => act(() => network.settle());
  return {
    system,
    network,
    rows,
    /** The requests that fail from now on. */
    failing,
    /** The requests that the server has run. */
    asked,
    /** Answer the requests `slow`, in their order. */
    answers,
    /** The joins that the server has decided. */
    joins,
    settle,
    membersOf: async (room: string) => (await system.manager.getRoomStats(room)).totalConnections,
    connect: (id: string) => network.connect({ id }),
    /** Lets time pass for the page and for the network. */
    pass: (ms: number) =>
      act(async () => {
        await vi.advanceTimersByTimeAsync(ms);
        await network.advance(ms);
      }),
  };
}

/** A page with one tree under the provider. */
export function createPage(client: WebSocketClient<AppProtocol>, isStrict = false) {
  const container = document.createElement("div");
  const root = createRoot(container);
  const provided = (children: ReactNode) => {
    const tree = <HalyardProvider client={client}>{children}</HalyardProvider>;
    return isStrict ? <StrictMode>{tree}</StrictMode> : tree;
  };
  return {
    container,
    provided,
    get text(): string {
      return container.textContent;
    },
    show: (children: ReactNode) => act(async () => root.render(provided(children))),
    unmount: () => act(async () => root.unmount()),
  };
}

/** What a hook has returned in each render of its component, which gives it the property `of`. */
export function watch<T, TProperty = void>(useHook: (of: TProperty) => T) {
  const renders: T[] = [];
  return {
    renders,
    get now(): T {
      const last = renders.at(-1);
      if (renders.length === 0) throw new Error("it has not rendered");
      return last as T;
    },
    Watcher: ({ of }: { readonly of?: TProperty }) => {
      renders.push(useHook(of as TProperty));
      return null;
    },
  };
}
