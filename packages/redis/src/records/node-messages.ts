// Sends and receives messages between nodes over Redis: notices to all, messages to one, marks, and this node's beats to itself.
// Used by redis-backplane.ts. Guarantee: unknown messages are counted and dropped; a subscription without beats is replaced.
import type { BackplaneHandlers, Clock, Revocation } from "@halyard/server";
import type { Calls } from "../link/calls.ts";
import type { Keys } from "../scripts/keys.ts";
import type { StoreClock } from "../common/store-clock.ts";

export interface NodeMessagesParts {
  readonly calls: Calls;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly nodeId: string;
  readonly time: StoreClock;
}

/** A message between nodes. A later version may have kinds that this version does not know. */
type Envelope =
  | { readonly from: string; readonly kind: "notice" | "message"; readonly data: string }
  | { readonly from: string; readonly kind: "revoked"; readonly mark: Revocation }
  | { readonly from: string; readonly kind: "beat"; readonly number: number };

const KINDS: ReadonlySet<string> = new Set(["notice", "message"]);
const BEAT_MS = 5_000;
/** After how many missing beats the subscription counts as dead. */
const MISSING_BEATS = 2;
/** The longest text of a message, and that of its envelope, in which JSON writes a character as up to six. */
const MAX_LENGTH = 1024 * 1024;
const MAX_ENVELOPE = 6 * MAX_LENGTH + 1024;

/** The messages between nodes. */
export class NodeMessages {
  /** How many unknown messages were dropped. */
  dropped = 0;
  onSilence: (error: Error) => void = () => {};
  readonly #parts: NodeMessagesParts;
  readonly #handlers: () => BackplaneHandlers | undefined;
  #sent = 0;
  #received = 0;
  #timer: unknown;
  #isStopped = false;

  constructor(parts: NodeMessagesParts, handlers: () => BackplaneHandlers | undefined) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** Does nothing on a node that was stopped while it started. */
  start(): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.setTimeout(() => {
      this.start();
      void this.#beat();
    }, BEAT_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.clock.clearTimeout(this.#timer);
  }

  announce(data: string): Promise<void> {
    return this.#publish(this.#parts.keys.nodes, { from: this.#parts.nodeId, kind: "notice", data });
  }

  send(nodeId: string, data: string): Promise<void> {
    return this.#publish(this.#parts.keys.node(nodeId), { from: this.#parts.nodeId, kind: "message", data });
  }

  /** The message that tells other nodes about a mark. */
  revoked(mark: Revocation): string {
    const { nodeId: from, time } = this.#parts;
    return JSON.stringify({ from, kind: "revoked", mark: time.markToStore(mark) } satisfies Envelope);
  }

  /** @param onPresence passes on a presence message; may throw */
  receive(text: string, channel: string, onPresence: () => void): void {
    try {
      if (channel === this.#parts.keys.presence) onPresence();
      else if (text.length > MAX_ENVELOPE) throw new RangeError("too long");
      else this.#deliver(JSON.parse(text) as Envelope);
    } catch {
      this.dropped++;
    }
  }

  #deliver(envelope: Envelope): void {
    const { nodeId } = this.#parts;
    const handlers = this.#handlers();
    if (envelope.kind === "beat") {
      if (envelope.from === nodeId) this.#received = Math.max(this.#received, envelope.number);
      return;
    }
    if (handlers === undefined || (envelope.from === nodeId && envelope.kind !== "message")) return;
    if (envelope.kind === "revoked") {
      if (!isMark(envelope.mark)) throw new TypeError("not a mark");
      handlers.onRevoked(this.#parts.time.markFromStore(envelope.mark));
      return;
    }
    const { data, kind } = envelope;
    if (typeof data !== "string" || data.length > MAX_LENGTH || !KINDS.has(kind))
      throw new TypeError("not a message");
    if (kind === "notice") handlers.onNotice(data);
    else handlers.onMessage(data);
  }

  /** Publishes a beat to this node. Redis pushes messages in order, so a beat that arrives shows that everything before it arrived. */
  async #beat(): Promise<void> {
    const { keys, nodeId } = this.#parts;
    if (this.#sent - this.#received >= MISSING_BEATS) {
      this.#received = this.#sent;
      this.onSilence(new Error("Redis pushes nothing to this node"));
    }
    const number = this.#sent + 1;
    // A beat that could not be sent does not count as missing.
    await this.#publish(keys.node(nodeId), { from: nodeId, kind: "beat", number }).then(
      () => {
        this.#sent = number;
      },
      () => {},
    );
  }

  async #publish(channel: string, envelope: Envelope): Promise<void> {
    await this.#parts.calls.command(["PUBLISH", channel, JSON.stringify(envelope)]);
  }
}

function isMark(mark: Partial<Revocation & { user: string; session: string; notBefore: number }>): boolean {
  const { code, notBefore, reason, session, user } = mark;
  const isUsers = typeof user === "string" && typeof notBefore === "number";
  return Number.isInteger(code) && typeof reason === "string" && (isUsers || typeof session === "string");
}
