import { createHalyardReact } from "@halyard/react";
import type { VisitProtocol } from "../../shared/visit-protocol.ts";

/** The hooks of the shop window, typed by its contract. */
export const {
  HalyardProvider,
  useClient,
  useConnection,
  useMessage,
  useMessages,
  useMyPresence,
  usePresence,
  useTyping,
} = createHalyardReact<VisitProtocol>();
