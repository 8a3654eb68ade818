// Reads PROTOCOL.md into messages, fields and table rows.
// Called by the tests that compare the page with the schemas and the constants.
// Guarantee: a section that is missing on the page is an error, never an empty list.
import { readFileSync } from "node:fs";

export type Direction = "client" | "server";

/** A field as the page names it, with the text that describes it. */
export interface DocumentedField {
  readonly name: string;
  readonly optional: boolean;
  readonly text: string;
}

export interface DocumentedMessage {
  readonly direction: Direction;
  readonly type: string;
  readonly text: string;
  readonly fields: readonly DocumentedField[];
  readonly example: Record<string, unknown> | undefined;
}

/** The text of PROTOCOL.md. */
export const page = readFileSync(new URL("../../../PROTOCOL.md", import.meta.url), "utf8");

export function section(number: number): string {
  const start = page.indexOf(`\n## ${String(number)}. `);
  if (start === -1) throw new Error(`PROTOCOL.md has no section ${String(number)}`);
  const end = page.indexOf("\n## ", start + 1);
  return page.slice(start, end === -1 ? undefined : end);
}

/** The rows of the first table in a text, without its head. */
export function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
}

export function messagesOf(direction: Direction): DocumentedMessage[] {
  const [, ...parts] = section(direction === "client" ? 9 : 10).split("\n### ");
  return parts.map((part) => {
    const [type = "", ...rest] = part.split("\n");
    const body = rest.join("\n");
    const text = body.slice(0, body.indexOf("```")).trim();
    const json = new RegExp("```json " + direction + "\n([^`]+)```").exec(body)?.[1];
    const example = json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>);
    return { direction, type: type.trim(), text, fields: fieldsOf(text), example };
  });
}

/** The fields of a message, each of which opens a clause: `` `name?` description; `` */
function fieldsOf(text: string): DocumentedField[] {
  return text.split(";").flatMap((clause) => {
    const [whole, name, mark] = /^\s*`(\w+)(\?)?` /.exec(clause) ?? [];
    if (whole === undefined || name === undefined) return [];
    const sentence = /^[^.]*/.exec(clause.slice(whole.length))?.[0] ?? "";
    return [{ name, optional: mark === "?", text: sentence }];
  });
}

/** The fields inside a field: `` list of `{ a, b? }` `` or `` with `a`, `b` and `c` ``. */
export function nestedFields(text: string): DocumentedField[] | undefined {
  const listed = /`\{ ([^}]+) \}`/.exec(text)?.[1]?.split(", ");
  const named = /^with (.+)$/.exec(text.trim())?.[1]?.match(/\w+(?=`)/g);
  const names = listed ?? named;
  return names?.map((name) => ({ name: name.replace("?", ""), optional: name.endsWith("?"), text: "" }));
}
