import { createWebSocketClient } from "@halyard/client";
import { defineProtocol, message } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { z } from "zod";

const Line = z.object({ number: z.int().min(1), text: z.string().max(280) });
export const protocol = defineProtocol({ clientMessages: { line: message(Line, { room: "required" }) } });
export interface AppProtocol extends ProtocolOf<typeof protocol> {}

const room = createWebSocketClient<AppProtocol>({ url: "/ws" }).join("general");
void room.send("line", { number: 1, text: "Hello" });
// @ts-expect-error -- does not compile: a number is no text
void room.send("line", { number: 2, text: 2 });
