import { Presence, Socket } from "phoenix";

const socket = new Socket("/socket");
socket.connect();
const channel = socket.channel("posted");
new Presence(channel).onSync(() => undefined);
channel.join();
