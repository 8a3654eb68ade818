import type { Dice } from "./seeded-random.ts";

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
  ...["note", "fail", "many", "counts", "nested", "shout_to_others", "tell_user", "tell_room", "tell_me"],
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
  ...["announcement", "told", "presence.diff", ...NAMES],
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

/** What a client of this connection would say next; the fuzzer starts from it. */
export interface Voice {
  readonly clientId: string;
  readonly attempt: number;
  /** The next sequence number. */
  nextSeq(): number;
}

/** Messages with the right shape and the wrong content, and now and then the other way round. */
export class HostileMessages {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** JSON of one message. */
  next(voice: Voice): string {
    const dice = this.#dice;
    const message = dice.chance(0.5) ? this.#proper(voice) : this.#wild();
    if (dice.chance(0.2)) message[dice.pick([...FIELDS, ...FORGED, ...NAMES])] = this.value(2);
    if (dice.chance(0.1)) message["$"] = this.#meta();
    const json = JSON.stringify(message);
    // A literal key: as a property, `__proto__` would set the prototype here instead of being sent.
    return dice.chance(0.05) ? json.replace("{", '{"__proto__":{"isAdmin":true},') : json;
  }

  /** The greeting of a client that means well. */
  hello({ clientId, attempt }: Voice): string {
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
    const dice = this.#dice;
    if (depth > 0 && dice.chance(0.3))
      return Array.from({ length: dice.below(4) }, () => this.value(depth - 1));
    if (depth > 0 && dice.chance(0.3)) {
      const entries = Array.from({ length: dice.below(4) }, () => [
        dice.pick([...FIELDS, ...NAMES]),
        this.value(depth - 1),
      ]);
      return Object.fromEntries(entries) as unknown;
    }
    return dice.pick<() => unknown>([
      () => null,
      () => dice.chance(0.5),
      () => dice.pick([0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 1e-308, Number.MAX_SAFE_INTEGER]),
      () => dice.text(dice.below(40)),
      () => "\ud800".repeat(1 + dice.below(3)),
      () => dice.pick(ROOMS),
      () => "x".repeat(dice.pick([129, 1_025, 5_000])),
      () => Array.from({ length: dice.pick([101, 1_000]) }, () => 0),
    ])();
  }

  #proper(voice: Voice): Record<string, unknown> {
    const dice = this.#dice;
    const seq = dice.chance(0.9) ? { seq: voice.nextSeq() } : {};
    const id = { id: `r${dice.below(50)}` };
    const text = dice.text(1 + dice.below(60));
    return dice.pick<() => Record<string, unknown>>([
      () => ({ type: "chat_message", content: text, $: { ...seq, ...this.#channel() } }),
      () => ({ type: "note", text, $: seq }),
      () => ({
        type: "fail",
        how: dice.pick(["throws", "rejects", "refuses", "rambles", "thenable"]),
        $: seq,
      }),
      () => ({ type: "nested", value: this.value(4), $: seq }),
      () => ({ type: "poked", text, $: seq }),
      () => ({ type: "cursor_moved", x: dice.below(100), y: 0, $: this.#channel() }),
      () => ({ type: "typing_indicator", isTyping: dice.chance(0.5), $: this.#channel() }),
      () => ({ type: "ping", $: id }),
      () => ({ type: dice.pick(["join", "leave"]), room: dice.pick(ROOMS), $: id }),
      () => ({ type: "request", name: dice.pick(REQUESTS), input: { value: text, cursor: text }, $: id }),
      () => ({ type: "authenticate", ticket: text, $: id }),
      () => ({ type: "skip", $: seq }),
    ])();
  }

  #wild(): Record<string, unknown> {
    const dice = this.#dice;
    const message: Record<string, unknown> = { type: dice.chance(0.95) ? dice.pick(TYPES) : this.value(1) };
    for (let count = dice.below(5); count > 0; count--)
      message[dice.pick([...FIELDS, ...FORGED])] = this.value(3);
    if (dice.chance(0.6)) message["$"] = this.#meta();
    return message;
  }

  #channel(): { readonly ch?: string } {
    return this.#dice.chance(0.4) ? { ch: `room:${this.#dice.pick(ROOMS)}` } : {};
  }

  #meta(): unknown {
    const dice = this.#dice;
    if (dice.chance(0.1)) return this.value(2);
    const some = (value: unknown): unknown => (dice.chance(0.2) ? this.value(1) : value);
    return {
      ...(dice.chance(0.4) ? { seq: some(dice.below(100)) } : {}),
      ...(dice.chance(0.4) ? { id: some(`r${dice.below(50)}`) } : {}),
      ...(dice.chance(0.3)
        ? { ch: some(dice.pick(["all", "user:x", "room:lobby", "room:", ":", "nonsense"])) }
        : {}),
    };
  }
}
