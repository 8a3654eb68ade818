// Makes text from outside safe to write into a log: short, on one line, and without control characters. Calls the loggers of
// applications in the order of arguments that each of them knows.
// Used by the logs of server and better-auth, through `@halyard/protocol/internal`.
// Guarantee: a text cannot begin a line of its own, and is never longer than the given length; the message and the
// stack of an error reach pino, winston and `console`.

/** Characters that are not visible: line ends and other controls, marks of direction, halves of surrogate pairs. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** For texts in any language: invisible characters become escapes. */
export function printable(text: string, length: number): string {
  const visible = text.slice(0, length).replace(INVISIBLE, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return char === "\n" ? "\\n" : `\\u{${code.toString(16)}}`;
  });
  return visible.slice(0, length);
}

/** For ids and origins: everything but visible ASCII and the blank becomes `?`. */
export function printableAscii(text: string, length: number): string {
  return text.slice(0, length).replace(/[^\x20-\x7e]/g, "?");
}

type Write = (...values: unknown[]) => unknown;

/** Logs one line: the fields first, as pino and `console` take them, or the message first where the logger is winston's. */
export function callLogger<TLevel extends string>(
  logger: Readonly<Record<TLevel, (fields: object, message: string) => unknown>>,
  level: TLevel,
  { fields, message }: { readonly fields: object; readonly message: string },
): unknown {
  if (!isWinston(logger)) return logger[level](fields, message);
  return (logger as Readonly<Record<TLevel, Write>>)[level](message, flattened(fields));
}

/** winston drops a text behind an object. */
function isWinston(logger: object): boolean {
  return "transports" in logger && "exitOnError" in logger;
}

/** JSON has nothing of an `Error`; winston's own formats read `stack` beside the message. */
function flattened(fields: { readonly err?: unknown }): object {
  const { err, ...rest } = fields;
  if (!(err instanceof Error)) return fields;
  return { ...rest, error: String(err), stack: err.stack };
}
