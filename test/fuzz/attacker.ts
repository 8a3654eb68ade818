// One attacker of the fuzzer: opens one TCP connection after the other and sends fuzz frames on it.
// `fuzz` runs 32 of them at once against one server.
// After each batch of frames the attacker sends a ping: an open connection that answers none fails the run.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { upgradeText } from "../support/handshake.ts";
import type { FrameSource } from "./frame-source.ts";
import { pingOf } from "./fuzz-frames.ts";
import type { MessageSource } from "./hostile-messages.ts";
import { ServerResponses } from "./server-responses.ts";

interface OpenConnection {
  readonly socket: Socket;
  readonly server: ServerResponses;
}

export interface Target {
  readonly port: number;
  readonly origin: string;
}

/** Enough users that the limit of accepted upgrades per user and second is not reached. */
const USERS = 50;

/** The state of one client across its connections: its id, its attempts and its sequence numbers. */
class FuzzClient implements MessageSource {
  readonly userId: string;
  attempt = 0;
  #generation = 0;
  #seq = 0;

  constructor(userId: string) {
    this.userId = userId;
  }

  get clientId(): string {
    return `${this.userId}-${String(this.#generation)}`.padEnd(24, "-");
  }

  nextSeq(): number {
    return this.#seq + 1;
  }

  /**
   * Takes the sequence numbers from the server's receipts. After a conflict the server rejects all later sends of the
   * client id, so the client begins with a new id.
   */
  receive(text: string): void {
    if (text.includes('"code":"conflict"')) {
      this.#generation++;
      this.#seq = 0;
      return;
    }
    for (const [, re] of text.matchAll(/"re":(\d+)/g)) this.#seq = Math.max(this.#seq, Number(re));
  }
}

export class Attacker {
  readonly #source: FrameSource;
  readonly #target: Target;
  readonly #clients: readonly FuzzClient[];
  connections = 0;

  constructor(name: string, source: FrameSource, target: Target) {
    this.#source = source;
    this.#target = target;
    this.#clients = Array.from({ length: USERS }, (_, n) => new FuzzClient(`fuzz-${name}-${String(n)}`));
  }

  /**
   * Sends frames until `takeFrame` returns false.
   *
   * @param takeFrame counts one frame, and returns false when there is none left to send
   * @throws Error when the server leaves an open connection without an answer
   */
  async run(takeFrame: () => boolean): Promise<void> {
    while (takeFrame()) {
      const client = this.#source.random.pick(this.#clients);
      const connection = await this.#open(client);
      if (connection === undefined) await pause(20);
      else await this.#attack(connection, client, takeFrame);
    }
  }

  async #open(client: FuzzClient): Promise<OpenConnection | undefined> {
    const { port, origin } = this.#target;
    const { random } = this.#source;
    const isV1 = random.chance(0.6);
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const server = new ServerResponses(socket);
    client.attempt++;
    this.connections++;
    const query = isV1 ? `?c=${client.clientId}&a=${String(client.attempt)}` : "";
    const headers = [["Origin", origin] as const, ["Cookie", `session=${client.userId}`] as const];
    const subprotocol = isV1 ? [["Sec-WebSocket-Protocol", "halyard.v1"] as const] : [];
    socket.write(upgradeText([...headers, ...subprotocol], `/ws${query}`));
    if ((await server.status()) !== 101) {
      socket.destroy();
      return undefined;
    }
    if (isV1 && random.chance(0.9)) socket.write(this.#source.hello(client));
    return { socket, server };
  }

  async #attack(connection: OpenConnection, client: FuzzClient, takeFrame: () => boolean): Promise<void> {
    const { random } = this.#source;
    let isFirst = true;
    for (let rounds = 1 + random.below(10); rounds > 0 && !connection.server.isOver; rounds--) {
      const frames: Buffer[] = [];
      let isLast = false;
      for (let count = 1 + random.below(8); count > 0 && !isLast; count--) {
        if (!isFirst && !takeFrame()) break;
        isFirst = false;
        const frame = this.#source.next(client);
        frames.push(frame.bytes);
        isLast = frame.isLast;
      }
      if (frames.length === 0) break;
      if (isLast) {
        await this.#sendAndLeave(connection.socket, Buffer.concat(frames));
        return;
      }
      client.receive(await this.#send(connection, Buffer.concat(frames)));
    }
    connection.socket.destroy();
  }

  /** One batch in ten is cut at a random byte, because TCP may deliver a frame in any number of pieces. */
  async #send({ socket, server }: OpenConnection, bytes: Buffer): Promise<string> {
    const cut = this.#source.random.chance(0.1) ? this.#source.random.below(bytes.length + 1) : 0;
    if (cut > 0) {
      socket.write(bytes.subarray(0, cut));
      await pause(1);
    }
    const payload = `sync-${String(this.#source.random.below(1e9))}`;
    socket.write(Buffer.concat([bytes.subarray(cut), pingOf(payload)]));
    return server.pong(payload);
  }

  async #sendAndLeave(socket: Socket, bytes: Buffer): Promise<void> {
    socket.write(bytes);
    if (this.#source.random.chance(0.5)) await Promise.race([closing(socket), pause(20)]);
    if (this.#source.random.chance(0.5)) socket.resetAndDestroy();
    else socket.destroy();
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}
