import { z } from "zod";
import { clientMessages, serverMessages } from "./messages.ts";
import type { WebSocketMessage as WebSocketMessageType } from "./contract.ts";
import type { AnyProtocol, BuiltinProtocol } from "./definition.ts";

/**
 * Every built-in message of the wire, discriminated by `type`. The two types that travel both ways carry more when
 * they come from the server: `ClientFrame` and `ServerFrame` tell them apart.
 *
 * @example
 * const message = WebSocketMessage.parse(JSON.parse(frame));
 */
export const WebSocketMessage = z.discriminatedUnion("type", [
  clientMessages.hello,
  clientMessages.ping,
  clientMessages.join,
  clientMessages.leave,
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

export type WebSocketMessage<TProtocol extends AnyProtocol = BuiltinProtocol> =
  WebSocketMessageType<TProtocol>;
