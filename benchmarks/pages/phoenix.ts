/** The Phoenix client with a channel and presence. It is only weighed: no server here speaks its protocol. */
import { Presence, Socket } from "phoenix";

const socket = new Socket("/socket");
socket.connect();
const channel = socket.channel("posted");
new Presence(channel).onSync(() => undefined);
channel.join();
