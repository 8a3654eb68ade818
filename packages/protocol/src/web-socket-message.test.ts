import { describe, expect, it } from "vitest";
import { messagesOf } from "../test/protocol-document.ts";
import { clientMessages, serverMessages } from "./messages.ts";
import { WebSocketMessage } from "./web-socket-message.ts";

describe("WebSocketMessage", () => {
  it("accepts every message type of either direction, and no other", () => {
    const types = new Set(WebSocketMessage.options.flatMap((option) => [...option.shape.type.values]));
    const known = new Set([...Object.keys(clientMessages), ...Object.keys(serverMessages)]);
    expect([...types].sort()).toEqual([...known].sort());
    expect(types.size).toBe(WebSocketMessage.options.length);
    expect(WebSocketMessage.safeParse({ type: "poll_vote" }).success).toBe(false);
  });

  it.each([...messagesOf("client"), ...messagesOf("server")])(
    "accepts the example of $type that a $direction sends",
    ({ example }) => {
      expect(WebSocketMessage.parse(example)).toEqual(example);
    },
  );
});
