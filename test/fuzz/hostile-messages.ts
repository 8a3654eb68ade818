// The JSON messages of the fuzzer: valid shapes with hostile content, and invalid shapes.
// `FrameSource` encodes, mutates and fragments them.
// The next sequence number comes from the client, so that valid sends are handled.
import type { SeededRandom } from "./seeded-random.ts";

const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then", "", "\0", "$"];
const ROOMS = [
  "lobby",
  "a:b.c-d",
  "secret",
  "throws",
  "rejects",
  "no such room!",
  "*",
  "[a",
  "a\r\nb",
  ...NAMES,
];
const TYPES = [
  ...[
    "hello",
    "chat_message",
    "typing_indicator",
    "ping",
    "join",
    "leave",
    "request",
    "authenticate",
    "skip",
  ],
  ...[
    "note",
    "fail",
    "many",
    "counts",
    "nested",
    "announce_to_others",
    "notify_user",
    "notify_room",
    "notify_me",
  ],
  ...[
    "cursor_moved",
    "poked",
    "admins_only",
    "custom_message",
    "welcome",
    "user_list",
    "gap",
    "reply",
    "error",
  ],
  ...["announcement", "notice", "presence.diff", ...NAMES],
];
const REQUESTS = ["echo", "profile", "count", "misfit", "fail", "admins_count", "silent", "users", ...NAMES];
const FIELDS = [
  "content",
  "text",
  "value",
  "items",
  "by",
  "room",
  "name",
  "input",
  "isTyping",
  "userId",
  "x",
  "y",
];
const FORGED = [
  "from",
  "id",
  "sentAt",
  "$",
  "type",
  "clientId",
  "attempt",
  "positions",
  "rooms",
  "ticket",
  "how",
];

/** What a valid message of a client contains: `HostileMessages` starts from it. */
export interface MessageSource {
  readonly clientId: string;
  readonly attempt: number;
  /** The next sequence number. */
  nextSeq(): number;
}

export class HostileMessages {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** JSON of one message. */
  next(source: MessageSource): string {
    const random = this.#random;
    const message = random.chance(0.5) ? this.#valid(source) : this.#invalid();
    if (random.chance(0.2)) message[random.pick([...FIELDS, ...FORGED, ...NAMES])] = this.value(2);
    if (random.chance(0.1)) message["$"] = this.#meta();
    const json = JSON.stringify(message);
    // A literal key: as a property, `__proto__` would set the prototype here instead of being sent.
    return random.chance(0.05) ? json.replace("{", '{"__proto__":{"isAdmin":true},') : json;
  }

  /** A valid hello. */
  hello({ clientId, attempt }: MessageSource): string {
    return JSON.stringify({
      type: "hello",
      clientId,
      attempt,
      positions: [],
      rooms: ["lobby"],
      $: { id: "h" },
    });
  }

  /** Any JSON value, at most `depth` levels of objects and arrays above its leaves. */
  value(depth: number): unknown {
    const random = this.#random;
    if (depth > 0 && random.chance(0.3))
      return Array.from({ length: random.below(4) }, () => this.value(depth - 1));
    if (depth > 0 && random.chance(0.3)) {
      const entries = Array.from({ length: random.below(4) }, () => [
        random.pick([...FIELDS, ...NAMES]),
        this.value(depth - 1),
      ]);
      return Object.fromEntries(entries) as unknown;
    }
    return random.pick<() => unknown>([
      () => null,
      () => random.chance(0.5),
      () => random.pick([0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 1e-308, Number.MAX_SAFE_INTEGER]),
      () => random.text(random.below(40)),
      () => "\ud800".repeat(1 + random.below(3)),
      () => random.pick(ROOMS),
      () => "x".repeat(random.pick([129, 1_025, 5_000])),
      () => Array.from({ length: random.pick([101, 1_000]) }, () => 0),
    ])();
  }

  #valid(source: MessageSource): Record<string, unknown> {
    const random = this.#random;
    const seq = random.chance(0.9) ? { seq: source.nextSeq() } : {};
    const id = { id: `r${random.below(50)}` };
    const text = random.text(1 + random.below(60));
    return random.pick<() => Record<string, unknown>>([
      () => ({ type: "chat_message", content: text, $: { ...seq, ...this.#channel() } }),
      () => ({ type: "note", text, $: seq }),
      () => ({
        type: "fail",
        how: random.pick(["throws", "rejects", "refuses", "rambles", "thenable"]),
        $: seq,
      }),
      () => ({ type: "nested", value: this.value(4), $: seq }),
      () => ({ type: "poked", text, $: seq }),
      () => ({ type: "cursor_moved", x: random.below(100), y: 0, $: this.#channel() }),
      () => ({ type: "typing_indicator", isTyping: random.chance(0.5), $: this.#channel() }),
      () => ({ type: "ping", $: id }),
      () => ({ type: random.pick(["join", "leave"]), room: random.pick(ROOMS), $: id }),
      () => ({ type: "request", name: random.pick(REQUESTS), input: { value: text, cursor: text }, $: id }),
      () => ({ type: "authenticate", ticket: text, $: id }),
      () => ({ type: "skip", $: seq }),
    ])();
  }

  #invalid(): Record<string, unknown> {
    const random = this.#random;
    const message: Record<string, unknown> = {
      type: random.chance(0.95) ? random.pick(TYPES) : this.value(1),
    };
    for (let count = random.below(5); count > 0; count--)
      message[random.pick([...FIELDS, ...FORGED])] = this.value(3);
    if (random.chance(0.6)) message["$"] = this.#meta();
    return message;
  }

  #channel(): { readonly ch?: string } {
    return this.#random.chance(0.4) ? { ch: `room:${this.#random.pick(ROOMS)}` } : {};
  }

  #meta(): unknown {
    const random = this.#random;
    if (random.chance(0.1)) return this.value(2);
    const some = (value: unknown): unknown => (random.chance(0.2) ? this.value(1) : value);
    return {
      ...(random.chance(0.4) ? { seq: some(random.below(100)) } : {}),
      ...(random.chance(0.4) ? { id: some(`r${random.below(50)}`) } : {}),
      ...(random.chance(0.3)
        ? { ch: some(random.pick(["all", "user:x", "room:lobby", "room:", ":", "nonsense"])) }
        : {}),
    };
  }
}
