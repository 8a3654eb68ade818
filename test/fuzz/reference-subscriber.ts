// The healthy client beside the attackers: sends and receives without a pause, and records every missing message.
// `fuzz` opens it before the first attack and reads its report after the last one.
// Each round is 20 messages to its user, 20 to everyone and one send of its own.
import { ORIGIN } from "../fixtures/identity.ts";
import type { AppServer } from "../support/app-server.ts";
import { channelsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { Page, V1Client } from "../support/v1-client.ts";

const ROUND = 20;
const USER_ID = "reference";

export interface ReferenceReport {
  readonly received: number;
  readonly missed: readonly string[];
}

export class ReferenceSubscriber {
  readonly #client: V1Client;
  readonly #server: AppServer;
  readonly #missed: string[] = [];
  readonly #offsets: Map<string, number>;
  readonly #rounds: Promise<void>;
  #received = 0;
  #isOver = false;

  static async open(port: number, server: AppServer): Promise<ReferenceSubscriber> {
    const headers = { cookie: `session=${USER_ID}`, origin: ORIGIN };
    const client = new V1Client({ url: `ws://127.0.0.1:${String(port)}/ws`, headers }, new Page());
    await client.open();
    return new ReferenceSubscriber(client, server, await client.hello());
  }

  private constructor(client: V1Client, server: AppServer, welcome: Frame) {
    this.#client = client;
    this.#server = server;
    this.#offsets = new Map(Object.entries(channelsOf(welcome)).map(([ch, { off }]) => [ch, off]));
    client.frames.length = 0;
    this.#rounds = this.#runRounds();
  }

  async finish(): Promise<ReferenceReport> {
    this.#isOver = true;
    await this.#rounds;
    await this.#client.close();
    return { received: this.#received, missed: this.#missed };
  }

  async #runRounds(): Promise<void> {
    try {
      while (!this.#isOver) {
        await this.#server.command("publish", { count: ROUND, userId: USER_ID });
        await this.#server.command("publish", { count: ROUND });
        const answer = await this.#client.deliver("note", { text: "I am well." });
        if (answer.type !== "reply") this.#missed.push(`a receipt: ${JSON.stringify(answer)}`);
        await this.#client.sync();
        this.#check(this.#client.frames.splice(0));
      }
    } catch (error) {
      this.#missed.push(String(error));
    }
  }

  #check(frames: readonly Frame[]): void {
    let notices = 0;
    for (const frame of frames) {
      this.#received++;
      this.#checkOffset(frame);
      if (frame.type === "notice" && frame["text"] !== String((notices++ % ROUND) + 1))
        this.#missed.push(`message ${String(notices)} of a round, got ${String(frame["text"])}`);
    }
    if (notices !== 2 * ROUND) this.#missed.push(`messages: ${String(notices)} of ${String(2 * ROUND)}`);
  }

  /** Offsets only rise. The server skips offsets of messages that this client is not to receive. */
  #checkOffset({ type, $ }: Frame): void {
    if ($?.ch === undefined || $.off === undefined || $.re !== undefined) return;
    const last = this.#offsets.get($.ch) ?? 0;
    if ($.off <= last) this.#missed.push(`${type} ${$.ch} ${String($.off)} after ${String(last)}`);
    this.#offsets.set($.ch, $.off);
  }
}
