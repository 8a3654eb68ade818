// The `halyard.v1` client of the suites: hello, positions and sequence numbers.
// A test reconnects by opening another client with the same `Page`.
// Written from PROTOCOL.md alone: nothing here comes from a Halyard package.
import { createHash, randomBytes } from "node:crypto";
import { channelsOf } from "./frame.ts";
import type { Frame, Position } from "./frame.ts";
import { RawClient } from "./raw-client.ts";
import type { ConnectOptions } from "./raw-client.ts";

/** The state that a page keeps from one connection to the next. */
export class Page {
  readonly clientId = randomBytes(16).toString("base64url");
  readonly positions = new Map<string, Position>();
  readonly rooms = new Set<string>();
  attempt = 0;
  seq = 0;
}

/** The id of a send, computed as PROTOCOL.md §4 describes it. */
export function idOfSend({ clientId }: Page, seq: number): string {
  return createHash("sha256")
    .update(`${clientId}:${String(seq)}`)
    .digest()
    .subarray(0, 16)
    .toString("base64url");
}

export class V1Client extends RawClient {
  readonly page: Page;
  readonly #hello: string;
  #ids = 0;

  constructor(options: ConnectOptions, page: Page) {
    page.attempt++;
    const url = new URL(options.url);
    url.searchParams.set("c", page.clientId);
    url.searchParams.set("a", String(page.attempt));
    super({ protocols: ["halyard.v1"], ...options, url: url.href });
    this.page = page;
    this.#hello = `h${String(page.attempt)}`;
  }

  /** Sends `hello` and returns the `welcome` that answers it. */
  async hello(fields: object = {}): Promise<Frame> {
    const { clientId, attempt, rooms } = this.page;
    const positions = [...this.page.positions].map(([ch, position]) => ({ ch, ...position }));
    const $ = { id: this.#hello };
    this.send({ type: "hello", clientId, attempt, positions, rooms: [...rooms], ...fields, $ });
    return this.next({ type: "welcome", $: { re: this.#hello } });
  }

  /** Sends a message with the next sequence number. @returns the number */
  post(type: string, fields: object = {}, ch?: string): number {
    const seq = ++this.page.seq;
    this.send({ type, ...fields, $: { seq, ...(ch === undefined ? {} : { ch }) } });
    return seq;
  }

  /** The `reply` or `error` that answers a send or a request. */
  async answer(re: number | string): Promise<Frame> {
    return this.seen({ $: { re } });
  }

  /** Sends a message and returns its answer. */
  async deliver(type: string, fields: object = {}, ch?: string): Promise<Frame> {
    return this.answer(this.post(type, fields, ch));
  }

  /** Sends a message with a new `$.id` and returns its answer. */
  async sendAndWait(message: object): Promise<Frame> {
    const id = `r${String(this.page.attempt)}.${String(++this.#ids)}`;
    this.send({ ...message, $: { id } });
    return this.answer(id);
  }

  async request(name: string, input?: unknown): Promise<Frame> {
    return this.sendAndWait({ type: "request", name, input });
  }

  async join(room: string): Promise<Frame> {
    const answer = await this.sendAndWait({ type: "join", room });
    if (answer.type === "reply") this.page.rooms.add(room);
    return answer;
  }

  /** Takes epochs and offsets from `welcome`, `gap` and the reply to a `join`, and offsets from every other frame. */
  protected override receive(frame: Frame): void {
    super.receive(frame);
    const { positions } = this.page;
    if (frame.type === "welcome") {
      // Without the subprotocol the server first sends the welcome of a plain client, which answers no hello.
      if (frame.$?.re === this.#hello) this.#adopt(frame);
    } else if (frame.type === "gap")
      setPosition(positions, String(frame["ch"]), frame as unknown as Position);
    else if (frame.type === "joined")
      setPosition(positions, `room:${String(frame["room"])}`, frame as unknown as Position);
    else if (frame.type === "reply") this.#adoptJoin(frame["result"]);
    else if (frame.$?.ch !== undefined && frame.$.off !== undefined) {
      const epoch = positions.get(frame.$.ch)?.epoch ?? "";
      setPosition(positions, frame.$.ch, { epoch, off: frame.$.off });
    }
  }

  #adopt(welcome: Frame): void {
    for (const [ch, state] of Object.entries(channelsOf(welcome))) {
      // The frames after the welcome advance a position that the client has, unless the channel is new to the server.
      const isKnown = this.page.positions.has(ch);
      const isGiven = state.recovered !== "forbidden" && state.recovered !== "pending";
      if (state.recovered === "new" || (!isKnown && isGiven)) setPosition(this.page.positions, ch, state);
    }
  }

  #adoptJoin(result: unknown): void {
    if (typeof result !== "object" || result === null || !("epoch" in result) || !("ch" in result)) return;
    const { ch, epoch, off } = result as Position & { readonly ch: string };
    setPosition(this.page.positions, ch, { epoch, off });
  }
}

function setPosition(positions: Map<string, Position>, ch: string, { epoch, off }: Position): void {
  positions.set(ch, { epoch, off });
}
