import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { z } from "zod";

const definition = defineProtocol({
  clientMessages: {
    poll_vote: message(z.object({ pollId: z.string(), option: z.int(), weight: z.int().default(1) })),
    cursor_moved: message(z.object({ x: z.number() }), { ephemeral: true, relay: "room" }),
    poked: message(z.object({ hard: z.boolean() }), { relay: "all" }),
    nothing: message(z.object({})),
  },
  serverMessages: {
    poll_result: message(
      z.object({ pollId: z.string(), votes: z.array(z.int()), closed: z.boolean().default(false) }),
    ),
    tick: message(z.object({ n: z.int() }), { ephemeral: true }),
  },
  requests: {
    load_history: request({
      input: z.object({ room: z.string(), limit: z.int().default(50) }),
      output: z.array(z.object({ id: z.string(), seen: z.boolean().default(false) })),
    }),
    count: request({ input: z.void(), output: z.number() }),
  },
  serverRequests: {
    confirm: request({
      input: z.object({ question: z.string(), level: z.int().default(1) }),
      output: z.object({ answer: z.enum(["yes", "no"]), at: z.int().default(0) }),
    }),
    viewport: request({ input: z.void(), output: z.number() }),
  },
});

export interface AppProtocol extends ProtocolOf<typeof definition> {}
export const protocol: AppProtocol = definition;
