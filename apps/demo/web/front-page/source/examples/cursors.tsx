import { createHalyardReact } from "@halyard/react";
import type { VisitProtocol as AppProtocol } from "../../../../shared/visit-protocol.ts";

const { useMyPresence, usePresence } = createHalyardReact<AppProtocol>();

export function Cursor({ room }: { readonly room: string }) {
  const [me, updatePresence] = useMyPresence(room, { status: "here", cursor: null });
  const others = usePresence(room, { others: true });
  const names = others.map(({ name, presence }) => `${name} at ${presence?.cursor?.x ?? "no place"}`);
  return (
    <div onPointerMove={({ clientX }) => updatePresence({ cursor: { x: clientX / innerWidth, y: 0 } })}>
      You at {me.cursor?.x}, {names.join(", ")}
    </div>
  );
}
