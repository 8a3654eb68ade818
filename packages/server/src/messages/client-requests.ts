// The requests of clients, from the frame to the reply: within the connection's concurrency limit, as fast as it reads, and once per id.
// Called by ControlFrames. A request that needs no waiting makes no promise, so that its reply leaves in the same batch
// as the other replies of its turn.
import { isPromise } from "@halyard/protocol/internal";
import type { Frame as WireFrame } from "@halyard/protocol/wire";
import type { Connection } from "../connection/connection.ts";
import type { RateLimits } from "../connection/rate-limits.ts";
import { clientOf, HeldMessage, mayBeRepetition } from "../connection/inbound-message.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import { LateReaders } from "../delivery/late-readers.ts";
import { assertFitsFrame } from "../delivery/frame-size.ts";
import { wireJson } from "../delivery/wire-json.ts";
import type { ServerLimits } from "../limits.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { Clock, ErrorContext } from "../types.ts";
import type { HandlerTimes } from "../metrics/handler-times.ts";
import { ConcurrencyLimiter } from "../utils/concurrency-limiter.ts";
import {
  errorJson,
  InvalidMessageError,
  isFailure,
  rateLimitError,
  toHalyardError,
} from "../utils/errors.ts";
import type { Deduplicator } from "./deduplicator.ts";
import { sendReply, subjectOf } from "./error-replies.ts";
import type { MessageLog } from "./message-log.ts";
import type { RequestDispatcher } from "./request-dispatcher.ts";

interface ClientRequestsParts {
  readonly clock: Clock;
  readonly handlerTimes: HandlerTimes;
  readonly deduplicator: Deduplicator;
  readonly limits: Pick<ServerLimits, "runningRequests" | "waitingRequests" | "slowBytes">;
  readonly messageLog: MessageLog | undefined;
  readonly rateLimits: Pick<RateLimits, "chargeFor" | "takeUserPage">;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly requestDispatcher: RequestDispatcher;
  readonly securityReporter: SecurityReporter;
}

interface RequestFrame extends InboundMessage {
  readonly frame: WireFrame & { readonly name: string };
}

const MAX_NAME_LENGTH = 128;

/** Runs the requests of clients and sends their replies. */
export class ClientRequests {
  readonly #parts: ClientRequestsParts;
  readonly #lateReaders: LateReaders<Connection>;
  /** The requests that wait until their connections have read the replies before them. */
  readonly #waiting = new Map<Connection, (() => void)[]>();

  constructor(parts: ClientRequestsParts) {
    this.#parts = parts;
    const { clock, limits } = parts;
    const onCaughtUp = (connection: Connection): void => {
      const waiting = this.#waiting.get(connection) ?? [];
      this.#waiting.delete(connection);
      for (const resume of waiting) resume();
    };
    this.#lateReaders = new LateReaders({ clock, slowBytes: limits.slowBytes, onCaughtUp });
  }

  /** Call when the node has ended: what waits does not run. */
  stop(): void {
    this.#lateReaders.close();
    this.#waiting.clear();
  }

  /** The limiter of a connection's requests; made with its first request. */
  limiterOf(connection: Connection): ConcurrencyLimiter {
    return (connection.requestLimiter ??= new ConcurrencyLimiter(this.#parts.limits));
  }

  /**
   * @param text the text of the frame
   * @throws HalyardError the error for the client, where the frame gets no reply
   */
  handle(message: InboundMessage, text: string): undefined | Promise<void> {
    if (!isRequestFrame(message))
      throw new InvalidMessageError([{ path: "name", message: "not the name of a request" }]);
    const { connection, frame, meta } = message;
    const exceeded = frame.name === "users" ? this.#parts.rateLimits.takeUserPage(connection) : undefined;
    if (exceeded !== undefined) throw rateLimitError(exceeded);
    const limiter = this.limiterOf(connection);
    if (limiter.isFull || this.#mustRead(connection))
      return this.#replyLater(connection, meta.id, new HeldMessage(message, text));
    return limiter.run(meta.id, () => this.#reply(message));
  }

  #replyLater(connection: Connection, id: string | undefined, held: HeldMessage): undefined | Promise<void> {
    held.release();
    return this.limiterOf(connection).run(id, async () => {
      while (this.#mustRead(connection)) await this.#whenRead(connection);
      await this.#reply(held.take() as RequestFrame);
    });
  }

  /** Whether the frames of this turn are so many that the connection has to read some of them before it gets more replies. */
  #mustRead({ batch, stage }: Connection): boolean {
    return batch.chars > this.#parts.limits.slowBytes && stage !== "closed";
  }

  #whenRead(connection: Connection): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(connection);
      if (waiting === undefined) this.#waiting.set(connection, [resolve]);
      else waiting.push(resolve);
      this.#lateReaders.add(connection);
    });
  }

  #reply(request: RequestFrame): undefined | Promise<void> {
    const { connection, meta } = request;
    const reply = this.#runDeduplicated(request);
    if (!isPromise(reply)) return sendReply(connection, reply, meta.id);
    return reply.then((replyPrefix) => sendReply(connection, replyPrefix, meta.id));
  }

  #runDeduplicated(request: RequestFrame): string | Promise<string> {
    const { connection, frame, meta, digest } = request;
    const runsOnce =
      connection.isV1 && meta.id !== undefined && !this.#parts.requestDispatcher.isRepeatable(frame.name);
    if (!runsOnce) return this.#answer(request, false);
    const ref = clientOf(request);
    const { lastActivityAt: at } = connection;
    const { deduplicator } = this.#parts;
    const key = meta.tabKey ?? meta.id;
    const claim = deduplicator.nextClaim();
    const mayHaveRun = mayBeRepetition(request);
    const work = { ref, key, digest, claim, mayHaveRun, at, request, connection };
    return deduplicator.run(work, this.#perform);
  }

  readonly #perform = (
    { request }: { readonly request: RequestFrame },
    mayHaveRun: boolean,
  ): string | Promise<string> => this.#answer(request, mayHaveRun);

  /**
   * The reply, as {@link sendReply} takes it. Never throws or rejects: an error is a reply too.
   *
   * @param mayHaveRun an earlier attempt may have had its effect: an error says so
   */
  #answer(request: RequestFrame, mayHaveRun: boolean): string | Promise<string> {
    const { clock, handlerTimes } = this.#parts;
    const startedAt = clock.now();
    const reply = this.#answerUntimed(request, mayHaveRun);
    if (isPromise(reply))
      void reply.then(() => {
        handlerTimes.add(request.frame.name, clock.now() - startedAt);
      });
    else handlerTimes.add(request.frame.name, clock.now() - startedAt);
    return reply;
  }

  #answerUntimed(request: RequestFrame, mayHaveRun: boolean): string | Promise<string> {
    try {
      const result = this.#parts.requestDispatcher.answer(request);
      return isPromise(result)
        ? result.then(replyPrefixOf).catch((error: unknown) => this.#fail(request, error, mayHaveRun))
        : replyPrefixOf(result);
    } catch (error) {
      return this.#fail(request, error, mayHaveRun);
    }
  }

  #fail(request: RequestFrame, error: unknown, mayHaveRun: boolean): string {
    const { connection, frame } = request;
    const subject = subjectOf(request);
    if (isFailure(error)) {
      this.#parts.handlerTimes.addFailure(frame.name);
      this.#parts.report(error, { ...subject, ws: connection.ws });
    }
    const publicError = toHalyardError(error);
    this.#parts.messageLog?.refused(connection, publicError);
    this.#parts.rateLimits.chargeFor(connection, publicError);
    this.#parts.securityReporter.recordRefusal(connection, publicError, subject);
    return errorJson(publicError, mayHaveRun).slice(0, -1);
  }
}

/** Checked by hand, like the reserved field: a schema would cost as much as the schema of the input. */
function isRequestFrame(message: InboundMessage): message is RequestFrame {
  const { name } = message.frame;
  return typeof name === "string" && name !== "" && name.length <= MAX_NAME_LENGTH;
}

/** @throws TypeError for a value that JSON cannot hold; HalyardError `payload_too_large` for one that no frame carries */
function replyPrefixOf(result: unknown): string {
  const json = wireJson(result);
  if (json === undefined) return `{"type":"reply"`;
  assertFitsFrame(json, "the reply");
  return `{"type":"reply","result":${json}`;
}
