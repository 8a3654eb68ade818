import { createHalyardReact } from "@halyard/react";
import type { VisitProtocol as AppProtocol } from "../../../../shared/visit-protocol.ts";

const { useMessages, useRoom } = createHalyardReact<AppProtocol>();

export function Lines({ room }: { readonly room: string }) {
  const { request } = useRoom(room);
  // Loads the history at the start, and again if the server cannot replay all missed lines.
  const load = ({ signal }: { readonly signal: AbortSignal }) => request("history", undefined, { signal });
  const { entries, retry } = useMessages("line", { room, load });
  return entries.map(({ id, status, message }) => (
    <li key={id}>
      {message.text}
      {status === "unknown" && <button onClick={() => retry(id)}>Not in the history: send it again</button>}
    </li>
  ));
}
