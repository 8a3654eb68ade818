import { createHalyardReact } from "@halyard/react";
import type { VisitProtocol as AppProtocol } from "../../../../shared/visit-protocol.ts";

const { useMessages } = createHalyardReact<AppProtocol>();

export function Lines({ room }: { readonly room: string }) {
  // A line written offline is in the list at once, and is sent once. A line that was missed is replayed.
  const { entries } = useMessages("line", { room });
  return entries.map(({ id, status, message }) => (
    <li key={id}>
      {message.text} {status === "sending" ? "…" : "✓"}
    </li>
  ));
}
