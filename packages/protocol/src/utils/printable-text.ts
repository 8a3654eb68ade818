// Makes external text safe for a log: short, on one line, and without control characters. Also calls the loggers of
// applications with the order of arguments that each of them expects.
// Used by the logs of server and better-auth, through `@halyard/protocol/internal`.
// Guarantees: a text cannot start a new line, and is never longer than the given length; the message and the
// stack of an error reach pino, winston and `console`.

/** Invisible characters: line breaks and other controls, direction marks, lone surrogates. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Makes a text in any language printable: invisible characters become escapes. */
export function printable(text: string, length: number): string {
  const visible = text.slice(0, length).replace(INVISIBLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return char === "\n" ? "\\n" : `\\u{${code.toString(16)}}`;
  });
  return visible.slice(0, length);
}

/** Makes ids and origins printable: everything except visible ASCII and spaces becomes `?`. */
export function printableAscii(text: string, length: number): string {
  return text.slice(0, length).replace(/[^\x20-\x7e]/g, "?");
}

type Write = (...values: unknown[]) => unknown;

/** Logs one line: the fields first, as pino and `console` expect, or the message first for winston. */
export function callLogger<TLevel extends string>(
  logger: Readonly<Record<TLevel, (fields: object, message: string) => unknown>>,
  level: TLevel,
  { fields, message }: { readonly fields: object; readonly message: string },
): unknown {
  if (!isWinston(logger)) return logger[level](fields, message);
  return (logger as Readonly<Record<TLevel, Write>>)[level](message, flattened(fields));
}

/** Whether a logger is winston's, which drops a text after an object. */
function isWinston(logger: object): boolean {
  return "transports" in logger && "exitOnError" in logger;
}

/** Replaces the error by its stack, because JSON contains nothing of an `Error`, and winston's formats read `stack`. */
function flattened(fields: { readonly err?: unknown }): object {
  const { err, ...rest } = fields;
  if (!(err instanceof Error)) return fields;
  return { ...rest, error: String(err), stack: err.stack };
}
