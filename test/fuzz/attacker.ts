import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { FrameSource } from "./frame-source.ts";
import type { Voice } from "./hostile-messages.ts";
import { ServerVoice } from "./server-responses.ts";
import { pingOf } from "./fuzz-frames.ts";

/** One open connection. */
interface Line {
  readonly socket: Socket;
  readonly server: ServerVoice;
}

export interface Target {
  readonly port: number;
  readonly origin: string;
}

/** So many that a limit of connections per user and second stays out of the way. */
const USERS = 50;

/** A client as the server knows it: it goes on where its last connection ended. */
class Speaker implements Voice {
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

  /** A sequence that the server does not go along with would make it refuse all that follows: begins a new one. */
  hear(text: string): void {
    if (text.includes('"code":"conflict"')) {
      this.#generation++;
      this.#seq = 0;
      return;
    }
    for (const [, re] of text.matchAll(/"re":(\d+)/g)) this.#seq = Math.max(this.#seq, Number(re));
  }
}

/** Opens one connection after the other and throws frames at the server, on bare TCP. */
export class Attacker {
  readonly #source: FrameSource;
  readonly #target: Target;
  readonly #speakers: readonly Speaker[];
  connections = 0;

  constructor(name: string, source: FrameSource, target: Target) {
    this.#source = source;
    this.#target = target;
    this.#speakers = Array.from({ length: USERS }, (_, n) => new Speaker(`fuzz-${name}-${String(n)}`));
  }

  /**
   * @param take asks for permission to throw one more frame
   * @throws Error when the server leaves an open connection without an answer
   */
  async run(take: () => boolean): Promise<void> {
    while (take()) {
      const speaker = this.#source.dice.pick(this.#speakers);
      const line = await this.#open(speaker);
      if (line === undefined) await pause(20);
      else await this.#talk(line, speaker, take);
    }
  }

  async #open(speaker: Speaker): Promise<Line | undefined> {
    const { port, origin } = this.#target;
    const { dice } = this.#source;
    const isV1 = dice.chance(0.6);
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const server = new ServerVoice(socket);
    speaker.attempt++;
    this.connections++;
    const lines = [
      `GET /ws${isV1 ? `?c=${speaker.clientId}&a=${String(speaker.attempt)}` : ""} HTTP/1.1`,
      `Host: 127.0.0.1:${String(port)}`,
      ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      `Origin: ${origin}`,
      `Cookie: session=${speaker.userId}`,
      ...(isV1 ? ["Sec-WebSocket-Protocol: halyard.v1"] : []),
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    if ((await server.status()) !== 101) {
      socket.destroy();
      return undefined;
    }
    if (isV1 && dice.chance(0.9)) socket.write(this.#source.hello(speaker));
    return { socket, server };
  }

  async #talk(line: Line, speaker: Speaker, take: () => boolean): Promise<void> {
    const { dice } = this.#source;
    let isFirst = true;
    for (let rounds = 1 + dice.below(10); rounds > 0 && !line.server.isOver; rounds--) {
      const frames: Buffer[] = [];
      let isLast = false;
      for (let count = 1 + dice.below(8); count > 0 && !isLast; count--) {
        if (!isFirst && !take()) break;
        isFirst = false;
        const thrown = this.#source.next(speaker);
        frames.push(thrown.bytes);
        isLast = thrown.isLast;
      }
      if (frames.length === 0) break;
      if (isLast) {
        await this.#leave(line.socket, Buffer.concat(frames));
        return;
      }
      speaker.hear(await this.#throw(line, Buffer.concat(frames)));
    }
    line.socket.destroy();
  }

  /** Cut anywhere: a frame may come in any number of pieces. */
  async #throw({ socket, server }: Line, bytes: Buffer): Promise<string> {
    const cut = this.#source.dice.chance(0.1) ? this.#source.dice.below(bytes.length + 1) : 0;
    if (cut > 0) {
      socket.write(bytes.subarray(0, cut));
      await pause(1);
    }
    const mark = `sync-${String(this.#source.dice.below(1e9))}`;
    socket.write(Buffer.concat([bytes.subarray(cut), pingOf(mark)]));
    return server.pong(mark);
  }

  async #leave(socket: Socket, bytes: Buffer): Promise<void> {
    socket.write(bytes);
    if (this.#source.dice.chance(0.5)) await Promise.race([closing(socket), pause(20)]);
    if (this.#source.dice.chance(0.5)) socket.resetAndDestroy();
    else socket.destroy();
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}
