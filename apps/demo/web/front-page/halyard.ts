import { createHalyardReact } from "@halyard/react";
import type { VisitProtocol } from "../../shared/visit-protocol.ts";

/** The hooks with the types of the contract of the front page. */
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
