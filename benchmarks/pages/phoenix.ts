/** The Phoenix client with a channel and presence. Only its size is measured, because no server here has its protocol. */
import { Presence, Socket } from "phoenix";

const socket = new Socket("/socket");
socket.connect();
const channel = socket.channel("posted");
new Presence(channel).onSync(() => undefined);
channel.join();
