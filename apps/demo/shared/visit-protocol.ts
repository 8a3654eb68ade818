import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { z } from "zod";
import { Device } from "./device.ts";
import { GUESTS, MAX_LINE_LENGTH, STATUSES } from "./visit.ts";

/** What a guest writes. The numbers of one guest count up from 1, so that the page can tell what is lost or doubled. */
const WrittenLine = z.object({
  number: z.int().min(1).max(1_000_000),
  text: z.string().trim().min(1).max(MAX_LINE_LENGTH),
});

/** A line as the server publishes and keeps it. */
const Line = WrittenLine.extend({ id: z.string(), from: z.enum(GUESTS), writtenAt: z.string() });
export type Line = z.infer<typeof Line>;

/** A part of the canvas's width or height. */
const Part = z.number().min(0).max(1);

/** What both sides of the shop window agree on: the compiler checks each call of both against it. */
export const visitProtocol = defineProtocol({
  clientMessages: {
    line: message(WrittenLine, { room: "required" }),
    /** Signs both guests out, wherever they are connected. Ephemeral: it is over with the connection. */
    sign_out: message(z.object({}), { ephemeral: true }),
    /** Ends the server's process at once. Ephemeral: it must never be sent again after the reconnect that it causes. */
    kill_server: message(z.object({}), { ephemeral: true }),
  },
  serverMessages: {
    line: message(Line),
    /** The open connections of the user, to each of them, after one has opened or closed. */
    devices: message(z.object({ devices: z.array(Device) }), { ephemeral: true }),
  },
  requests: {
    history: request({ output: z.array(Line), room: "required", repeatable: true }),
    /** What only the server knows about this connection. */
    about_connection: request({
      output: z.object({
        /** Undefined where there is only one node. */
        node: z.string().optional(),
        connectionId: z.string(),
        /** The open connections of the user: one per tab. */
        devices: z.array(Device),
        /** Whether something starts the server again when it is killed. */
        canKill: z.boolean(),
      }),
      repeatable: true,
    }),
  },
  presence: {
    /** What a visitor shows in the canvas. Halyard sends the changes of 50 ms together, and the newest state to who comes later. */
    state: z.object({
      status: z.enum(STATUSES),
      /** Null while the pointer is elsewhere. */
      cursor: z.object({ x: Part, y: Part }).nullable(),
    }),
  },
});

/** The contract as a type only, so that no zod reaches the page. */
export interface VisitProtocol extends ProtocolOf<typeof visitProtocol> {}
