// The frames of all tabs on one connection, and the requests of the server to it.
// The connection has the limits of one client: what exceeds them waits here, in order.
import { TokenBucket } from "@halyard/protocol/internal";
import type { Frame } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import type { SendLimits } from "../connection/send-limits.ts";

/** "send", or the type of a frame with an id. Those of one kind keep their order, and no join overtakes a leave: it costs as much. */
type Kind = string;

interface WaitingFrame {
  readonly id: string;
  readonly text: string;
  readonly kind: Kind;
}

export class SharedSends {
  readonly #clock: Clock;
  #timer: unknown;
  readonly #write: (text: string) => void;
  #waiting: readonly WaitingFrame[] = [];
  /** The frames without an answer. */
  readonly #sent = new Map<string, Kind>();
  /** The tabs that have not answered a request of the server. */
  readonly #asked = new Map<unknown, number>();
  #limits: Partial<SendLimits> = {};
  #rate = new TokenBucket(Infinity, Infinity, 0);
  #joinRate = this.#rate;

  constructor(clock: Clock, write: (text: string) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** The connection is welcome. Half of what the server takes at once is used at once, as by a client. */
  begin(limits: SendLimits): void {
    const { messagesPerSecond, messageBurst, joinsPerSecond, joinBurst } = limits;
    const now = this.#clock.now();
    this.#limits = limits;
    this.#rate = new TokenBucket(messagesPerSecond, Math.min(messagesPerSecond, messageBurst / 2), now);
    this.#joinRate = new TokenBucket(joinsPerSecond, joinBurst / 2, now);
  }

  send(id: string, text: string, kind: Kind): void {
    this.#waiting = [...this.#waiting, { id, text, kind }];
    this.#flush();
  }

  /** A frame that has no answer, and does not wait. @param isEphemeral dropped above the rate, as by the server, and while others wait for it */
  write(text: string, isEphemeral = false): void {
    const now = this.#clock.now();
    const cost = this.#costOf(text);
    if (isEphemeral && (this.#timer !== undefined || this.#rate.delayFor(now, cost) > 0)) return;
    this.#rate.charge(now, cost);
    this.#write(text);
  }

  onAnswer(id: string): void {
    if (this.#sent.delete(id)) this.#flush();
  }

  onServerRequest(id: string, tabs: number): void {
    this.#asked.set(id, tabs);
  }

  /** The first answer counts; that there is no handler is the answer of the last tab. */
  onTabAnswer(frame: Frame, text: string): void {
    const id = frame.$?.re;
    const left = (this.#asked.get(id) ?? 0) - 1;
    if (left < 0) return;
    this.#asked.set(id, left);
    if (left > 0 && frame["code"] === "not_found") return;
    this.#asked.delete(id);
    this.write(text);
  }

  clear(): void {
    this.#waiting = [];
    this.#sent.clear();
    this.#asked.clear();
    this.#flush();
  }

  #flush(): void {
    const waits = new Map<Kind, number>();
    this.#waiting = this.#waiting.filter((frame) => {
      const { id, text, kind } = frame;
      const waitMs = waits.get(kind) ?? this.#take(frame);
      if (waitMs > 0) return waits.set(kind, waitMs);
      this.#sent.set(id, kind);
      this.#write(text);
      return false;
    });
    this.#clock.clearTimeout(this.#timer);
    const waitMs = Math.min(...waits.values());
    this.#timer = waitMs < Infinity ? this.#clock.setTimeout(() => this.#flush(), waitMs) : undefined;
  }

  /** @returns the milliseconds until the server takes the frame; Infinity until one has an answer */
  #take({ text, kind }: WaitingFrame): number {
    const { unacknowledged = 32, requests = 80 } = this.#limits;
    const unanswered = [...this.#sent.values()].filter(
      (each) => (each === "send") === (kind === "send"),
    ).length;
    // As a client does: what has timed out in a tab may still run at the server.
    if (unanswered >= (kind === "send" ? unacknowledged : requests * 0.8)) return Infinity;
    const now = this.#clock.now();
    const joins = kind === "join" ? 1 : 0;
    const waitMs = this.#joinRate.delayFor(now, joins) || this.#rate.consume(now, this.#costOf(text));
    if (!waitMs) this.#joinRate.charge(now, joins);
    return waitMs;
  }

  /** One token, or more when the bytes take more of the byte rate than one message of the message rate. */
  #costOf(text: string): number {
    const { messagesPerSecond = 1, bytesPerSecond = Infinity } = this.#limits;
    const { length } = new TextEncoder().encode(text);
    return Math.max(1, (length / bytesPerSecond) * messagesPerSecond);
  }
}
