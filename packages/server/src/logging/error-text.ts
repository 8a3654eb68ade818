// Formats an error as lines for the console. Used by console-logger.ts.
// Guarantees: a throwing getter of the error does no harm; no text of the error can begin a line at the left margin or write control
// characters to a terminal; stack frames are never cut.
import { printable } from "@halyard/protocol/internal";

/** The message is cut because an error's text may quote what a visitor sent. */
const MAX_MESSAGE_LENGTH = 2_000;
const MAX_CAUSES = 5;
const FRAME = /^\s+at /;

/** What distinguishes errors: name and message, and where the error was created. */
export interface ErrorIdentity {
  readonly text: string;
  /** The first frame of the stack. */
  readonly frame: string;
}

export function errorIdentityOf(error: unknown): ErrorIdentity {
  try {
    const { name, message } = Object(error) as Partial<Error>;
    const frame = framesOf(stackOf(error))[0]?.trim() ?? "";
    return { text: error instanceof Error ? `${String(name)}: ${String(message)}` : String(error), frame };
  } catch {
    return { text: "a value that has no text", frame: "" };
  }
}

/** The error with its stack and its causes, each line after the first one indented. */
export function errorText(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let next: unknown = error; next !== undefined && seen.size < MAX_CAUSES; next = causeOf(next)) {
    if (seen.has(next)) break;
    lines.push(`${seen.size === 0 ? "" : "    caused by "}${headOf(next)}`, ...framesOf(stackOf(next)));
    seen.add(next);
  }
  return lines.join("\n");
}

function headOf(error: unknown): string {
  return printable(errorIdentityOf(error).text, MAX_MESSAGE_LENGTH);
}

function stackOf(error: unknown): unknown {
  try {
    return (Object(error) as Partial<Error>).stack;
  } catch {
    return undefined;
  }
}

function framesOf(stack: unknown): string[] {
  if (typeof stack !== "string") return [];
  return stack
    .split("\n")
    .filter((line) => FRAME.test(line))
    .map((line) => `    ${printable(line.trim(), line.length)}`);
}

/** The cause of an error; for an AggregateError, such as that of a host with two addresses, its first error. */
function causeOf(error: unknown): unknown {
  try {
    const { cause, errors } = Object(error) as {
      readonly cause?: unknown;
      readonly errors?: readonly unknown[];
    };
    return cause ?? errors?.[0];
  } catch {
    return undefined;
  }
}
