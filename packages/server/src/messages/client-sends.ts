import type { FrameMeta, Frame as WireFrame } from "@halyard/protocol/wire";
import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { Coalescer } from "../utils/keyed-throttle.ts";
import type { Connection } from "../connection/connection.ts";
import type { Core } from "./server-context.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { errorJson, InvalidMessage, LimitError, toHalyardError } from "../utils/errors.ts";
import type { Failures } from "./error-replies.ts";
import { answer } from "./error-replies.ts";
import { newMessageId } from "../utils/new-message-id.ts";
import type { Throttle } from "../connection/rate-limits.ts";

/** A frame that passed the checks which cost least. */
export interface Received {
  readonly connection: Connection;
  readonly text: string;
  readonly frame: WireFrame;
  readonly meta: FrameMeta;
  readonly digest: number;
}

export interface SendsParts {
  readonly core: Core;
  readonly dispatcher: Dispatcher;
  readonly failures: Failures;
  readonly throttle: Throttle;
}

/** An ephemeral message per type and room passes this often. */
const EPHEMERAL_MS = 50;

/** Handles the messages of each connection one at a time and in order, and each of a v1 client's once. */
export class Sends {
  readonly #parts: SendsParts;

  constructor(parts: SendsParts) {
    this.#parts = parts;
  }

  /** @param owedBytes what the byte rate still wants for this message, when it was over the rate */
  enlist(received: Received, owedBytes: number): void {
    const { connection, frame, meta } = received;
    const { core, failures } = this.#parts;
    if (core.types.fromClient(frame.type)?.ephemeral === true) {
      this.#coalesce(received);
      return;
    }
    if (!this.#admits(received)) return;
    if (connection.waitingSends >= core.limits.waitingSends) {
      failures.tell(
        connection,
        new LimitError("limit_exceeded", "waitingSends", { message: "Too many messages wait." }),
        meta.seq,
      );
      return;
    }
    connection.waitingSends++;
    connection.lane.add(async () => {
      connection.waitingSends--;
      if (connection.isV1) await this.#parts.throttle.pace(connection, { type: frame.type, owedBytes });
      await this.#run(received);
    });
  }

  /** Only the newest counts, and only while there is time for it: the others are dropped without a word. */
  #coalesce(received: Received): void {
    const { core, throttle } = this.#parts;
    const { connection, frame, meta } = received;
    if (throttle.type(connection, frame.type) > 0) return;
    connection.ephemeral ??= new Coalescer(core.clock, EPHEMERAL_MS);
    connection.ephemeral.offer(`${frame.type}\0${meta.ch ?? ""}`, received, (newest) => {
      if (connection.lane.waiting < 2 * core.limits.waitingSends)
        connection.lane.add(() => this.#run(newest));
    });
  }

  /** A plain client's chat is refused when it comes too fast; a v1 client's waits. */
  #admits({ connection, frame, meta }: Received): boolean {
    const { failures, throttle } = this.#parts;
    if (connection.isV1) {
      if (meta.seq !== undefined) return true;
      if (!this.#isKnown(frame.type)) {
        failures.tell(connection, new HalyardError("unknown_type"), meta.id);
        return false;
      }
      const missing = new InvalidMessage([{ path: "$.seq", message: "a send has a number" }]);
      failures.tell(connection, missing, meta.id);
      return false;
    }
    const retryAfterMs = throttle.type(connection, frame.type);
    if (retryAfterMs === 0) return true;
    failures.tell(connection, new LimitError("rate_limited", "chatPerSecond", { retryAfterMs }), meta.seq);
    return false;
  }

  #isKnown(type: string): boolean {
    const { types, registry } = this.#parts.core;
    return types.fromClient(type) !== undefined || registry.find(type) !== undefined;
  }

  async #run(received: Received): Promise<void> {
    const { connection, meta } = received;
    const { core, failures } = this.#parts;
    const { seq } = meta;
    try {
      if (!connection.isV1 || seq === undefined) {
        const done = await this.#perform(received, newMessageId);
        if (seq !== undefined || done.isError) answer(connection, done.open, seq ?? meta.id);
        return;
      }
      const work = { ref: connection.client, key: seq, digest: received.digest };
      const makeId = (): string => messageIdOf(connection.client.client, seq);
      const open = await core.once.run(work, async () => (await this.#perform(received, makeId)).open);
      answer(connection, open, seq);
    } catch (error) {
      if (error instanceof HalyardError && error.code === "conflict") failures.tell(connection, error, seq);
      else failures.sendAway(connection, error);
    }
  }

  /** Runs a message to its end, whatever that is: the answer is as {@link answer} takes it, and a failure is one too. */
  async #perform(
    { connection, frame, meta }: Received,
    messageId: () => string,
  ): Promise<{ readonly open: string; readonly isError: boolean }> {
    const { core, dispatcher, failures } = this.#parts;
    const { type, $: _, ...fields } = frame;
    if (type === "skip") return { open: `{"type":"reply"`, isError: false };
    try {
      const result = await dispatcher.dispatch({ connection, type, fields, channel: meta.ch, messageId });
      return { open: `{"type":"reply","result":${JSON.stringify(result)}`, isError: false };
    } catch (error) {
      if (!(error instanceof HalyardError)) core.report(error, { type, ws: connection.ws });
      const told = toHalyardError(error);
      failures.count(connection, told);
      return { open: errorJson(told).slice(0, -1), isError: true };
    }
  }
}
