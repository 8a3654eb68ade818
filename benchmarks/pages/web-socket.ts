/** The WebSocket of the browser without a library: no reconnection, no positions, no checks. */
import { countMessage } from "./count.ts";

const socket = new WebSocket("/ws?user=page");
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data as string) as { type: string; text: string };
  if (message.type === "posted") countMessage(message);
};
