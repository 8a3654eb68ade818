import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { z } from "zod";
import { Device } from "./device.ts";
import { GUESTS, MAX_LINE_LENGTH, STATUSES } from "./visit.ts";

/** A line that a guest writes. The numbers of a guest count up from 1, so that the page finds lost and doubled lines. */
const WrittenLine = z.object({
  number: z.int().min(1).max(1_000_000),
  text: z.string().trim().min(1).max(MAX_LINE_LENGTH),
});

/** A line as the server publishes and stores it. */
const Line = WrittenLine.extend({ id: z.string(), from: z.enum(GUESTS), writtenAt: z.string() });
export type Line = z.infer<typeof Line>;

/** A part of the width or the height of the canvas, from 0 to 1. */
const Part = z.number().min(0).max(1);

/** The contract of the front page, against which the compiler checks both sides. */
export const visitProtocol = defineProtocol({
  clientMessages: {
    line: message(WrittenLine, { room: "required" }),
    /** Signs both guests out, in all tabs. Sent again if a connection swallowed it; after it, no connection of the visit opens. */
    sign_out: message(z.object({})),
    /** Kills the server. Ephemeral, because the message must not be sent again after the reconnect that it causes. */
    kill_server: message(z.object({}), { ephemeral: true }),
  },
  serverMessages: {
    line: message(Line),
    /** The open connections of the user, sent to each of them after one has opened or closed. */
    devices: message(z.object({ devices: z.array(Device) }), { ephemeral: true }),
  },
  requests: {
    history: request({ output: z.array(Line), room: "required", repeatable: true }),
    /** The facts about this connection that only the server knows. */
    about_connection: request({
      output: z.object({
        /** The name of its node; undefined if there is only one. */
        node: z.string().optional(),
        connectionId: z.string(),
        /** The open connections of the user: one per tab. */
        devices: z.array(Device),
        /** Whether a supervisor starts the server again after a kill. */
        canKill: z.boolean(),
      }),
      repeatable: true,
    }),
  },
  presence: {
    /** The state of a visitor in the canvas. Halyard sends the changes of 50 ms together, and the newest state to later visitors. */
    state: z.object({
      status: z.enum(STATUSES),
      /** Null while the pointer is outside of the canvas. */
      cursor: z.object({ x: Part, y: Part }).nullable(),
    }),
  },
});

/** The contract as a type, which adds no zod to the page. */
export interface VisitProtocol extends ProtocolOf<typeof visitProtocol> {}
