import { decodeFrame } from "@halyard/protocol/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMeta } from "./frame-meta.ts";
import { trailingId, withoutEnd } from "./trailing-id.ts";

const request = '{"type":"request","name":"look_up","input":{"a":[1]}';

/** What is known of a frame without its end, if there is one that is known. */
function readShort(text: string): unknown {
  const id = trailingId(text);
  const frame = id === undefined ? "not short" : decodeFrame(withoutEnd(text, id));
  return typeof frame === "string" ? undefined : { ...frame, $: { id } };
}

/** What a parser and the checks of the reserved field say. */
function readWhole(text: string): unknown {
  const frame = decodeFrame(text);
  if (typeof frame === "string") return undefined;
  const meta = readMeta(frame.$);
  return meta === undefined ? undefined : { ...frame, $: meta };
}

describe("the id at the end of a frame", () => {
  it.each([
    ["r5", `${request},"$":{"id":"r5"}}`],
    ["of twelve", `${request},"$":{"id":"of twelve"}}`],
    ["ä😀", `${request},"$":{"id":"ä😀"}}`],
    ["last", `${request},"$":{"id":"first"},"$":{"id":"last"}}`],
  ])("is %s", (id, text) => {
    expect(trailingId(text)).toBe(id);
    expect(readShort(text)).toEqual(readWhole(text));
    expect(readShort(text)).toMatchObject({ type: "request", $: { id } });
  });

  it.each([
    ["", '"}}', '{"id":"r5"}}', ',"$":{"id":"r5"}}'.slice(1)],
    [`${request},"$":{"id":""}}`, `${request},"$":{"id":"thirteen long"}}`],
    [`${request},"$":{"id":"r\\u0035"}}`, `${request},"$":{"id":"r\n5"}}`, `${request},"$":{"id":"r\\"}}`],
    [`${request},"$":{"id":"r5"} }`, `${request},"$":{"id":"r5","seq":1}}`, `${request},"$":{"id":5}}`],
    [`${request},"$":{"seq":1,"id":"r5"}}`, `${request},"€":{"id":"r5"}}`],
  ])("is not taken from %j", (...texts) => {
    expect(texts.map(trailingId)).toEqual(texts.map(() => undefined));
  });

  it.each([
    '{,"$":{"id":"r5"}}',
    '{"type":"a,"$":{"id":"r5"}}',
    '{"type":"a","b":{"c":1,"$":{"id":"r5"}}',
    '{"type":"a","b":[1,"$":{"id":"r5"}}',
    '{"type":"a"},"$":{"id":"r5"}}',
    '{"type":"a",,"$":{"id":"r5"}}',
    '"type",,"$":{"id":"r5"}}',
  ])("makes no JSON of %s", (text) => {
    expect([readWhole(text), readShort(text)]).toEqual([undefined, undefined]);
  });

  it("is what a parser finds, whatever stands before it", () => {
    const piece = fc.constantFrom(
      ...[
        '{"type":"a"',
        '"type":"b"',
        '"$":{"id":"x"}',
        '{"a":1}',
        "[1,2]",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        "\\",
        "1",
      ],
      ...['"a"', " ", '"input":{', '{"type":"request","name":"n"', '"$":5', "null", '"b":{"c":1'],
    );
    const end = fc.constantFrom(',"$":{"id":"r5"}}', ', "$":{"id":"r5"}}', ',"$":{"id":"r5"}}}');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), end, (pieces, last) => {
        const text = pieces.join("") + last;
        const short = readShort(text);
        if (short !== undefined) expect(short).toEqual(readWhole(text));
        else if (trailingId(text) !== undefined) expect(readWhole(text)).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
  });
});
