import { createHalyardReact } from "@halyard/react";
import type { AppProtocol } from "../../shared/protocol.ts";

/** The hooks of the demo's contract. */
export const {
  HalyardProvider,
  useClient,
  useConnection,
  useMessage,
  useMessages,
  usePresence,
  useRequest,
  useRoom,
  useSend,
  useTyping,
} = createHalyardReact<AppProtocol>();
