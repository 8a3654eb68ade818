import { ORIGIN } from "../fixtures/identity.ts";
import type { AppServer } from "../support/app-server.ts";
import { channelsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { Page, V1Client } from "../support/v1-client.ts";

const ROUND = 20;

/** A client that means well: it reads everything, says something all the time, and notices what is missing. */
export class Witness {
  readonly #client: V1Client;
  readonly #server: AppServer;
  readonly #missed: string[] = [];
  readonly #offsets: Map<string, number>;
  readonly #talk: Promise<void>;
  #witnessed = 0;
  #isOver = false;

  static async open(port: number, server: AppServer): Promise<Witness> {
    const headers = { cookie: "session=witness", origin: ORIGIN };
    const client = new V1Client({ url: `ws://127.0.0.1:${String(port)}/ws`, headers }, new Page());
    await client.open();
    return new Witness(client, server, await client.hello());
  }

  private constructor(client: V1Client, server: AppServer, welcome: Frame) {
    this.#client = client;
    this.#server = server;
    this.#offsets = new Map(Object.entries(channelsOf(welcome)).map(([ch, { off }]) => [ch, off]));
    client.frames.length = 0;
    this.#talk = this.#go();
  }

  async finish(): Promise<{ readonly witnessed: number; readonly missed: readonly string[] }> {
    this.#isOver = true;
    await this.#talk;
    await this.#client.close();
    return { witnessed: this.#witnessed, missed: this.#missed };
  }

  /** Hears twenty messages of the server and says one of its own, again and again. */
  async #go(): Promise<void> {
    try {
      while (!this.#isOver) {
        await this.#server.command("tell", { count: ROUND, userId: "witness" });
        await this.#server.command("tell", { count: ROUND });
        const sent = await this.#client.deliver("note", { text: "I am well." });
        if (sent.type !== "reply") this.#missed.push(`a receipt: ${JSON.stringify(sent)}`);
        await this.#client.sync();
        this.#check(this.#client.frames.splice(0));
      }
    } catch (error) {
      this.#missed.push(String(error));
    }
  }

  #check(frames: readonly Frame[]): void {
    let told = 0;
    for (const frame of frames) {
      this.#witnessed++;
      this.#checkOffset(frame);
      if (frame.type === "told" && frame["text"] !== String((told++ % ROUND) + 1))
        this.#missed.push(`message ${String(told)} of a round, got ${String(frame["text"])}`);
    }
    if (told !== 2 * ROUND) this.#missed.push(`messages: ${String(told)} of ${String(2 * ROUND)}`);
  }

  /** Offsets only rise; what is between two of them was never this client's to have. */
  #checkOffset({ type, $ }: Frame): void {
    if ($?.ch === undefined || $.off === undefined || $.re !== undefined) return;
    const last = this.#offsets.get($.ch) ?? 0;
    if ($.off <= last) this.#missed.push(`${type} ${$.ch} ${String($.off)} after ${String(last)}`);
    this.#offsets.set($.ch, $.off);
  }
}
