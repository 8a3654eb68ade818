import { createHalyardReact } from "@halyard/react";
import type { VisitProtocol } from "../../shared/visit-protocol.ts";

/** The hooks of the shop window, typed by its contract. */
export const { HalyardProvider, useConnection, useMessages, useTyping } = createHalyardReact<VisitProtocol>();
