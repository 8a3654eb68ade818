import type { FrameMeta, Frame as WireFrame } from "@halyard/protocol/wire";
import { clientMessages } from "@halyard/protocol";
import { CloseCode, decodeFrame, encodeFrame, HalyardError, messageIdOf } from "@halyard/protocol/wire";
import type { Connection } from "./connection.js";
import type { Control } from "./control.js";
import type { Core } from "./core.js";
import type { Dispatcher } from "./dispatcher.js";
import { errorJson, InvalidMessage, toHalyardError } from "./errors.js";
import { Frame } from "./frame.js";
import { readMeta } from "./frame-meta.js";
import { digestOf } from "./once.js";
import { Tally } from "./token-bucket.js";
import { Throttle } from "./throttle.js";

const WAITING_FRAMES = 32;
const WAITING_BYTES = 256 * 1024;
const TALLY_MS = 10_000;
const INVALID_MESSAGES = 10;
const REFUSED_MESSAGES = 50;
const OVERSIZED_MESSAGES = 3;

export interface InboundParts {
  readonly core: Core;
  readonly dispatcher: Dispatcher;
  readonly control: Control;
  readonly shut: (connection: Connection, code: number, reason?: string) => void;
}

/** What a frame is, once it has passed the checks that cost least. */
interface Received {
  readonly connection: Connection;
  readonly text: string;
  readonly frame: WireFrame;
  readonly meta: FrameMeta;
}

/** The way in: size, rate, JSON, depth, then to whom it belongs. Each failure is told to the sender, typed. */
export class Inbound {
  readonly #parts: InboundParts;
  readonly #throttle: Throttle;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    this.#throttle = new Throttle(parts.core);
  }

  receive(connection: Connection, text: string): void {
    const { core } = this.#parts;
    if (connection.stage === "closed") return;
    connection.seenAt = core.clock.now();
    if (connection.stage === "opening") this.#keep(connection, text);
    else this.#read(connection, text);
  }

  /** Reads what came while admission was under way. */
  release(connection: Connection): void {
    const waiting = connection.waiting ?? [];
    connection.waiting = undefined;
    for (const text of waiting) this.receive(connection, text);
  }

  /** Tells the sender that something failed, and counts what a broken or hostile client does too often. */
  fail(connection: Connection, error: unknown, re?: number | string): void {
    const told = toHalyardError(error);
    answer(connection, errorJson(told), re);
    this.#count(connection, told);
  }

  #keep(connection: Connection, text: string): void {
    connection.waiting ??= [];
    connection.waitingBytes += text.length;
    if (connection.waiting.length < WAITING_FRAMES && connection.waitingBytes <= WAITING_BYTES) {
      connection.waiting.push(text);
    } else
      this.fail(connection, new HalyardError("limit_exceeded", "Too much before the connection was open."));
  }

  #read(connection: Connection, text: string): void {
    const { core, shut } = this.#parts;
    const size = sizeOf(text, core.limits.messageBytes);
    if (size > core.limits.messageBytes) {
      this.fail(connection, new HalyardError("payload_too_large"));
      if (++connection.oversized >= OVERSIZED_MESSAGES) shut(connection, CloseCode.TooLarge);
      return;
    }
    const waitMs = this.#throttle.frame(connection, size);
    if (waitMs > 0 && !connection.isV1) {
      this.fail(connection, new HalyardError("rate_limited", undefined, { retryAfterMs: waitMs }));
      return;
    }
    const received = this.#parse(connection, text);
    if (received === undefined) return;
    // A v1 client's sends wait their turn; nothing else of it may be over the rate.
    const isPaced = connection.isV1 && received.meta.seq !== undefined;
    if (waitMs > 0 && !isPaced) {
      if (core.types.fromClient(received.frame.type)?.ephemeral === true) return;
      this.fail(
        connection,
        new HalyardError("rate_limited", undefined, { retryAfterMs: waitMs }),
        received.meta.id,
      );
      return;
    }
    this.#route(received, waitMs > 0 ? size : 0);
  }

  #parse(connection: Connection, text: string): Received | undefined {
    const frame = connection.isV1 || looksLikeJson(text) ? decodeFrame(text) : plainText(text);
    if (typeof frame === "string") {
      this.fail(
        connection,
        frame === "invalid_json" ? new HalyardError("invalid_json") : new InvalidMessage([]),
      );
      return undefined;
    }
    const meta = readMeta(frame.$);
    if (meta === undefined) {
      this.fail(
        connection,
        new InvalidMessage([{ path: "$", message: "not the reserved field of a frame" }]),
      );
      return undefined;
    }
    return { connection, text, frame, meta };
  }

  #route(received: Received, owedBytes: number): void {
    const { connection, frame, meta } = received;
    const { control, shut } = this.#parts;
    const isFirst = connection.mayGreet;
    connection.mayGreet = false;
    if (frame.type === "hello") {
      const isDue = connection.stage === "greeting" || isFirst;
      if (isDue && !connection.isGreeted) {
        this.#greet(received);
        return;
      }
      this.fail(connection, new HalyardError("conflict", "hello was said already."), meta.id);
      return;
    }
    if (connection.stage === "greeting") {
      // While hello is being answered, what follows it waits; before it, nothing may come.
      if (connection.isGreeted) {
        this.#keep(connection, received.text);
        return;
      }
      this.fail(connection, new HalyardError("conflict", "The first frame is hello."), meta.seq ?? meta.id);
      if (connection.isWarned) shut(connection, CloseCode.ProtocolBroken, "hello was due");
      connection.isWarned = true;
      return;
    }
    if (control.handles(frame.type, meta)) {
      control.handle({
        connection,
        text: received.text,
        frame,
        meta,
        fail: this.#failure(connection, meta.id),
      });
      return;
    }
    this.#enlist(received, owedBytes);
  }

  #greet({ connection, frame, meta }: Received): void {
    const hello = clientMessages.hello.safeParse(frame);
    if (!hello.success) {
      this.fail(connection, new InvalidMessage(hello.error.issues.slice(0, 5).map(toIssue)), meta.id);
      this.#parts.shut(connection, CloseCode.ProtocolBroken, "hello was not valid");
      return;
    }
    connection.isGreeted = true;
    this.#parts.control.greet(connection, hello.data).then(
      () => {
        this.release(connection);
      },
      (error: unknown) => {
        this.fail(connection, error, meta.id);
        this.#parts.shut(connection, error instanceof HalyardError ? CloseCode.ProtocolBroken : 1011);
      },
    );
  }

  /** Puts a message into its connection's lane. Ephemeral ones are dropped when they come too fast. */
  #enlist(received: Received, owedBytes: number): void {
    const { connection, frame, meta } = received;
    const { core } = this.#parts;
    const re = meta.seq;
    const isPaced = connection.isV1 && re !== undefined;
    if (
      core.types.fromClient(frame.type)?.ephemeral === true &&
      this.#throttle.type(connection, frame.type) > 0
    )
      return;
    if (!isPaced && re === undefined && frame.type === "chat_message") {
      const waitMs = this.#throttle.type(connection, frame.type);
      if (waitMs > 0) {
        this.fail(connection, new HalyardError("rate_limited", undefined, { retryAfterMs: waitMs }));
        return;
      }
    }
    if (connection.lane.waiting >= core.limits.waitingSends) {
      this.fail(connection, new HalyardError("limit_exceeded", "Too many messages wait."), re);
      return;
    }
    connection.lane.add(async () => {
      if (isPaced) await this.#throttle.pace(connection, { type: frame.type, owedBytes });
      await this.#run(received);
    });
  }

  async #run(received: Received): Promise<void> {
    const { connection, meta, text } = received;
    const { core } = this.#parts;
    const { seq } = meta;
    try {
      if (!connection.isV1 || seq === undefined) {
        const json = await this.#perform(received, () => crypto.randomUUID());
        if (seq !== undefined || json.isError) answer(connection, json.text, seq);
        return;
      }
      const work = { ref: connection.client, key: seq, digest: digestOf(text) };
      const makeId = (): string => messageIdOf(connection.client.client, seq);
      const json = await core.once.run(work, async () => (await this.#perform(received, makeId)).text);
      answer(connection, json, seq);
    } catch (error) {
      this.fail(connection, error, seq);
    }
  }

  /** Runs a message to its end, whatever that is: the answer is text, and a failure is an answer too. */
  async #perform(
    { connection, frame, meta }: Received,
    messageId: () => string,
  ): Promise<{ text: string; isError: boolean }> {
    const { core, dispatcher } = this.#parts;
    const { type, $: _, ...fields } = frame;
    if (type === "skip") return { text: JSON.stringify({ type: "reply" }), isError: false };
    try {
      const result = await dispatcher.dispatch({ connection, type, fields, channel: meta.ch, messageId });
      return { text: JSON.stringify({ type: "reply", result }), isError: false };
    } catch (error) {
      if (!(error instanceof HalyardError)) core.report(error, { type, ws: connection.ws });
      const told = toHalyardError(error);
      this.#count(connection, told);
      return { text: errorJson(told), isError: true };
    }
  }

  #failure(connection: Connection, re: string | undefined): (error: unknown) => void {
    return (error) => {
      this.fail(connection, error, re);
    };
  }

  #count(connection: Connection, { code }: HalyardError): void {
    const { core, shut } = this.#parts;
    const now = core.clock.now();
    if (code === "invalid_json" || code === "invalid_message") {
      connection.invalid ??= new Tally(TALLY_MS);
      if (connection.invalid.add(now) >= INVALID_MESSAGES)
        shut(connection, CloseCode.ProtocolBroken, "too many invalid messages");
    } else if (code === "rate_limited" || code === "limit_exceeded") {
      connection.refused ??= new Tally(TALLY_MS);
      if (connection.refused.add(now) >= REFUSED_MESSAGES)
        shut(connection, CloseCode.Flooding, "retryAfterMs=5000");
    }
  }
}

/** Sends the text of an answer, with what it answers. */
export function answer(connection: Connection, json: string, re: number | string | undefined): void {
  connection.push(new Frame(re === undefined ? json : encodeFrame(json, { re })));
}

/** Bytes of UTF-8, counted exactly only where it matters. */
function sizeOf(text: string, limit: number): number {
  return text.length > limit || text.length * 3 <= limit ? text.length : encoder.encode(text).length;
}

const encoder = new TextEncoder();

function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text) || text === "" || text.startsWith("\0") || text.startsWith("\uFEFF");
}

/** What a plain client types is chat, unless it is nothing. */
function plainText(text: string): WireFrame {
  return { type: "chat_message", content: text };
}

function toIssue({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): {
  path: string;
  message: string;
} {
  return { path: path.map(String).join("."), message };
}
