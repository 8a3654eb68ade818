// The default logger: writes warnings and errors to the console for the developer.
// Created once per system or publisher, with its clock. The only file that writes to the console.
// Guarantees: a repeated event is one line and then a count every minute, whatever visitors do; the lines of one minute are
// bounded.
import { printable } from "@halyard/protocol/internal";
import type { Logger } from "../logger.ts";
import type { Clock } from "../types.ts";
import { errorText, errorIdentityOf } from "./error-text.ts";

type Level = "info" | "warn" | "error";

interface Line {
  readonly level: Level;
  readonly text: string;
  repeated: number;
}

const INTERVAL_MS = 60_000;
/** The number of different lines in one minute; above it, lines are only counted together. */
const MAX_LINES = 200;
/** The number of lines from one place that differ only by a visitor's text: an error's message, or the user and room of a refusal. */
const MAX_LINES_OF_A_PLACE = 20;
const MAX_FIELD_LENGTH = 200;

/** Writes to the console. */
export class ConsoleLogger implements Logger {
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();
  readonly #linesOfPlaces = new Map<string, number>();
  #timer: unknown;
  /** Whether connects, closes and messages are written as well. */
  readonly #writesInfo: boolean;
  #isSilent = false;

  constructor(clock: Clock, writesInfo = false) {
    this.#clock = clock;
    this.#writesInfo = writesInfo;
  }

  debug(): void {
    // The default logger writes no debug lines.
  }

  info(fields: object, message: string): void {
    if (this.#writesInfo) this.#print("info", lineOf(fields, message));
  }

  warn(fields: object, message: string): void {
    this.#write("warn", fields, message);
  }

  error(fields: object, message: string): void {
    this.#write("error", fields, message);
  }

  /** Writes the counts of the current minute, and stops. */
  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const line of this.#lines.values()) this.#printCount(line);
    this.#lines.clear();
    this.#linesOfPlaces.clear();
  }

  /** Writes nothing from now on. */
  silence(): void {
    this.#isSilent = true;
  }

  #write(level: Level, fields: Fields, message: string): void {
    if (this.#isSilent) return;
    const key = this.#keyOf(level, fields, message);
    const line = this.#lines.get(key);
    if (line !== undefined) {
      line.repeated += fields.repeated ?? 1;
      return;
    }
    const text = lineOf(fields, message);
    this.#lines.set(key, { level, text: text.split("\n", 1)[0] ?? "", repeated: (fields.repeated ?? 1) - 1 });
    this.#print(level, text);
    this.#schedule();
  }

  #keyOf(level: Level, fields: Fields, message: string): string {
    const { kind, reason, type } = fields;
    let key = [level, message, kind, reason, type].join("\n");
    const variant = variantOf(fields);
    if (variant !== undefined) {
      const place = `${key}\n${variant.place}`;
      const isNew = !this.#lines.has(`${place}\n${variant.text}`);
      const known = this.#linesOfPlaces.get(place) ?? 0;
      if (isNew) this.#linesOfPlaces.set(place, known + 1);
      key = isNew && known >= MAX_LINES_OF_A_PLACE ? place : `${place}\n${variant.text}`;
    }
    return this.#lines.has(key) || this.#lines.size < MAX_LINES ? key : level;
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#printCounts();
    }, INTERVAL_MS);
  }

  /** Prints the counts. An event that did not occur for a minute is forgotten, so its next occurrence is a new line. */
  #printCounts(): void {
    this.#linesOfPlaces.clear();
    for (const [key, line] of this.#lines) {
      if (line.repeated === 0) this.#lines.delete(key);
      else this.#printCount(line);
    }
    if (this.#lines.size > 0) this.#schedule();
  }

  #printCount(line: Line): void {
    if (line.repeated === 0) return;
    this.#print(line.level, `${line.text} (${String(line.repeated)} more times)`);
    line.repeated = 0;
  }

  #print(level: Level, text: string): void {
    if (this.#isSilent) return;
    // eslint-disable-next-line no-console -- the place of warnings and errors where the application names no other
    console[level](`[halyard] ${text}`);
  }
}

/** The fields that a line shows in another form, or that a reader of the console does not need. */
interface Fields {
  readonly err?: unknown;
  readonly event?: unknown;
  readonly at?: unknown;
  readonly kind?: unknown;
  readonly reason?: unknown;
  readonly type?: unknown;
  readonly repeated?: number;
  readonly rule?: string;
  readonly userId?: unknown;
  readonly room?: unknown;
}

/** What distinguishes lines with the same message: the error, or who was refused what. Undefined if nothing does. */
function variantOf({
  err,
  rule,
  userId,
  room,
}: Fields): { readonly place: string; readonly text: string } | undefined {
  if (err !== undefined) {
    const { text, frame } = errorIdentityOf(err);
    return { text, place: frame };
  }
  return rule === undefined ? undefined : { text: JSON.stringify([userId, room]), place: rule };
}

function lineOf(
  { err, event: _event, at: _at, kind: _kind, repeated: _repeated, ...shown }: Fields,
  message: string,
): string {
  const fields = Object.entries(shown)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${valueText(value)}`);
  const line = printable(message, message.length) + (fields.length === 0 ? "" : ` (${fields.join(", ")})`);
  return err === undefined ? line : `${line}: ${errorText(err)}`;
}

/** Quotes a value that could be misread as the end of its field, because visitors can influence ids and room names. */
function valueText(value: unknown): string {
  const text = printable(String(value), MAX_FIELD_LENGTH);
  return /[",()]|: |^\s|\s$|^$/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}
