import { describe, expect, it } from "vitest";
import { Editor } from "./editor.ts";

const PRELUDE = `import { createWebSocketSystem } from "@halyard/server";
import { createWebSocketClient } from "@halyard/client";
import type { OutgoingMessage, WebSocketMessage } from "@halyard/protocol";
import { protocol } from "./protocol.ts";
import type { AppProtocol } from "./protocol.ts";
const { handlers, manager } = createWebSocketSystem({ protocol });
const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
const room = client.join("general");
export const use = [handlers, manager, client, room];
export type Use = WebSocketMessage<AppProtocol>;
`;

const editor = new Editor();
const hover = (code: string): string => editor.hoverIn(PRELUDE + code).replaceAll(/\s+/g, " ");

describe("an editor's hover", () => {
  it("a hover in a handler shows the fields of its message", () => {
    expect(hover(`handlers.on("poll_vote", (/*h*/message) => message);`)).toBe(
      '(parameter) message: { type: "poll_vote"; pollId: string; option: number; weight: number; }',
    );
  });

  it("a hover in a listener shows the fields of its message", () => {
    expect(hover(`client.on("poll_result", (/*h*/message) => message);`)).toBe(
      '(parameter) message: { type: "poll_result"; pollId: string; votes: number[]; closed: boolean; }',
    );
    expect(hover(`room.on("chat_message", (/*h*/message) => message);`)).toBe(
      '(parameter) message: { type: "chat_message"; id: string; content: string; from: PublicUser; sentAt: string; }',
    );
  });

  it("a hover shows a relayed message with its author", () => {
    expect(hover(`client.on("cursor_moved", (/*h*/message) => message);`)).toBe(
      '(parameter) message: { type: "cursor_moved"; x: number; from: PublicUser; }',
    );
  });

  it("a hover shows a message without fields as its type", () => {
    expect(hover(`handlers.on("nothing", (/*h*/message) => message);`)).toBe(
      '(parameter) message: { type: "nothing"; }',
    );
  });

  it("a hover shows the input and output of a request", () => {
    expect(hover(`const /*h*/rows = await client.request("load_history", { room: "general" });`)).toBe(
      "const rows: { id: string; seen: boolean; }[]",
    );
    expect(hover(`handlers.onRequest("load_history", (/*h*/input) => []);`)).toBe(
      "(parameter) input: { room: string; limit: number; }",
    );
  });

  it("a hover shows the fields that a publish takes", () => {
    expect(hover(`type /*h*/Out = OutgoingMessage<AppProtocol, "poll_result">;`)).toBe(
      'type Out = { type: "poll_result"; pollId: string; votes: number[]; closed?: boolean | undefined; }',
    );
  });

  it("a hover shows the contract by its name", () => {
    expect(hover(`const /*h*/same = client;`)).toBe("const same: WebSocketClient<AppProtocol>");
    expect(hover(`const /*h*/same = room;`)).toBe("const same: Room<AppProtocol>");
    expect(hover(`const /*h*/same = manager;`)).toBe("const same: WebSocketManager<AppProtocol>");
  });
});
