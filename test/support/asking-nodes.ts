// Two nodes on one store whose managers send requests to clients, and the answers of the clients.
import { defineProtocol, HalyardError, request } from "@halyard/protocol";
import type { RoomReply, WebSocketManager } from "@halyard/server";
import { z } from "zod";
import { TwoNodes } from "./two-nodes.ts";
import type { Frame, NodeSocket } from "./two-nodes.ts";

export const protocol = defineProtocol({
  serverRequests: {
    confirm: request({
      input: z.object({ question: z.string().default("Sure?") }),
      output: z.object({ answer: z.enum(["yes", "no"]) }),
    }),
  },
});

export type Manager = WebSocketManager<typeof protocol>;
export type Reply = RoomReply<{ answer: "yes" | "no" }>;

/** The answer of a client to a request: a reply, an error, or none. */
export type Answer = { readonly result: unknown } | { readonly code: string } | undefined;

export function scene(...[config, faults, wrap]: ConstructorParameters<typeof TwoNodes>) {
  const nodes = new TwoNodes({ protocol, ...config }, faults, wrap);
  return { nodes, a: nodes.a.manager as unknown as Manager, b: nodes.b.manager as unknown as Manager };
}

export const asked = (socket: NodeSocket): Frame[] => socket.of("request");

/** Answers the newest request to a client. */
export function answer(socket: NodeSocket, said: Answer): void {
  const re = (asked(socket).at(-1)?.["$"] as { readonly id: string } | undefined)?.id;
  if (said === undefined || re === undefined) return;
  const error = "code" in said && { type: "error", code: said.code, message: "No.", retryable: false };
  socket.say({ ...("result" in said ? { type: "reply", result: said.result } : error), $: { re } });
}

/** The result of a request: its value, or the code of its error. */
export const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof HalyardError ? error.code : error));

export const connectionIdOf = (manager: Manager, userId: string): Promise<string> =>
  manager
    .requestRoom("hall", "confirm", {}, { timeoutMs: 1 })
    .then((replies) => replies.find((reply) => reply.userId === userId)?.connectionId ?? "");

export const YES = { result: { answer: "yes" } };
