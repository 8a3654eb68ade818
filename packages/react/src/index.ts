export { createHalyardReact } from "./create-halyard-react.ts";
export type { HalyardReact, UseMessages } from "./halyard-react.ts";

// The types that the hooks take and return
export type { TypingState } from "./hooks/use-typing.ts";
export type { Entry, LoadContext, MessageList, OlderMessages, UseMessagesOptions } from "./message-types.ts";
export type {
  RoomField,
  RoomOption,
  UseRequestArguments,
  UseRequestOptions,
  UseRequestResult,
} from "./request-types.ts";
