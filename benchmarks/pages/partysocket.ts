/** PartySocket, which reconnects; the page parses the messages. */
import { WebSocket } from "partysocket";
import { countMessage } from "./count.ts";

const socket = new WebSocket(`ws://${location.host}/ws?user=page`);
socket.onmessage = ({ data }: MessageEvent<string>) => {
  const message = JSON.parse(data) as { type: string; text: string };
  if (message.type === "posted") countMessage(message);
};
