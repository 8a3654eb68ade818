import { z } from "zod";
import { clientMessages, serverMessages } from "./messages.ts";
import type { WebSocketMessage as WebSocketMessageType } from "./contract.ts";
import type { AnyProtocol, BuiltinProtocol } from "./definition.ts";

/**
 * Every built-in message of the wire, discriminated by `type`. `chat_message` and `typing_indicator` travel in both
 * directions and have more fields from the server: `ClientFrame` and `ServerFrame` are exact.
 *
 * @example
 * const message = WebSocketMessage.parse(JSON.parse(frame));
 */
export const WebSocketMessage = z.discriminatedUnion("type", [
  clientMessages.hello,
  clientMessages.ping,
  clientMessages.join,
  clientMessages.leave,
  clientMessages.presence_update,
  clientMessages.request,
  clientMessages.authenticate,
  serverMessages.chat_message.partial({ id: true, from: true, sentAt: true }),
  serverMessages.typing_indicator.partial({ userId: true }),
  serverMessages.welcome,
  serverMessages.user_list,
  serverMessages.user_joined,
  serverMessages.user_left,
  serverMessages.announcement,
  serverMessages.pong,
  serverMessages.reply,
  serverMessages.joined,
  serverMessages.left,
  serverMessages.gap,
  serverMessages.skip,
  serverMessages.reconnect,
  serverMessages.error,
]);

/** Every message of the wire, in both directions: built-in, and of the contract. */
export type WebSocketMessage<TProtocol extends AnyProtocol = BuiltinProtocol> =
  WebSocketMessageType<TProtocol>;
