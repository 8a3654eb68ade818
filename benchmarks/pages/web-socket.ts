/** What one writes by hand: no reconnection, no positions, no checks. */
import { take } from "./count.ts";

const socket = new WebSocket("/ws?user=page");
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data as string) as { type: string; text: string };
  if (message.type === "posted") take(message);
};
