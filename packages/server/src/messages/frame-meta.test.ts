import { frameMeta } from "@halyard/protocol";
import { decodeFrame } from "@halyard/protocol/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMeta } from "./frame-meta.ts";

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    0,
    1,
    -1,
    1.5,
    2 ** 53,
    2 ** 53 - 1,
    "",
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(201),
  ),
  fc.string({ maxLength: 70 }),
  fc.integer({ min: 1 }),
);

describe("the reserved field of a frame", () => {
  it("is read by hand as the schema of the protocol reads it", () => {
    const meta = fc.record(
      { seq: anything, id: anything, ch: anything, off: anything, re: anything, also: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: meta }, fc.jsonValue()), (value) => {
        const parsed = frameMeta.safeParse(value);
        const { off: _off, also: _also, ...read } = parsed.data ?? {};
        expect(readMeta(value)).toEqual(parsed.success ? read : undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it("may be absent, but may not be null", () => {
    expect(readMeta(undefined)).toEqual({});
    expect(readMeta(null)).toBeUndefined();
  });
});

const request = '{"type":"request","name":"look_up","input":{"a":[1]}';

/** The frame with its checked reserved field, as the server reads a text; undefined where it refuses the text. */
function read(text: string): unknown {
  const frame = decodeFrame(text);
  if (typeof frame === "string") return undefined;
  const meta = readMeta(frame.$);
  return meta === undefined ? undefined : { ...frame, $: meta };
}

/** The same by `JSON.parse` and the schema of the protocol. */
function readBySchema(text: string): unknown {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof frame !== "object" || frame === null || !("type" in frame)) return undefined;
  if (typeof frame.type !== "string") return undefined;
  const meta = frameMeta.safeParse("$" in frame ? frame.$ : {});
  return meta.success ? { ...frame, $: meta.data } : undefined;
}

describe("the id at the end of a frame", () => {
  it.each([
    ["r5", `${request},"$":{"id":"r5"}}`],
    ["of twelve", `${request},"$":{"id":"of twelve"}}`],
    ["ä😀", `${request},"$":{"id":"ä😀"}}`],
    ["last", `${request},"$":{"id":"first"},"$":{"id":"last"}}`],
  ])("is read as %s", (id, text) => {
    expect(read(text)).toHaveProperty("$.id", id);
    expect(read(text)).toEqual(readBySchema(text));
    expect(read(text)).toMatchObject({ type: "request", $: { id } });
  });

  it.each<{ texts: [text: string, meta: object | undefined][] }>([
    {
      texts: [
        ["", undefined],
        ['"}}', undefined],
        ['{"id":"r5"}}', undefined],
        [',"$":{"id":"r5"}}'.slice(1), undefined],
      ],
    },
    {
      texts: [
        [`${request},"$":{"id":""}}`, undefined],
        [`${request},"$":{"id":"thirteen long"}}`, { id: "thirteen long" }],
      ],
    },
    {
      texts: [
        [`${request},"$":{"id":"r\\u0035"}}`, { id: "r5" }],
        [`${request},"$":{"id":"r\n5"}}`, undefined],
        [`${request},"$":{"id":"r\\"}}`, undefined],
      ],
    },
    {
      texts: [
        [`${request},"$":{"id":"r5"} }`, { id: "r5" }],
        [`${request},"$":{"id":"r5","seq":1}}`, { id: "r5", seq: 1 }],
        [`${request},"$":{"id":5}}`, undefined],
      ],
    },
    {
      texts: [
        [`${request},"$":{"seq":1,"id":"r5"}}`, { id: "r5", seq: 1 }],
        [`${request},"€":{"id":"r5"}}`, {}],
      ],
    },
  ])("is read or refused like every other part of the reserved field: $texts", ({ texts }) => {
    const expected = texts.map(([, $]) => ($ === undefined ? undefined : { $ }));
    const metas = texts
      .map(([text]) => read(text))
      .map((frame) => frame && { $: (frame as { $: object }).$ });
    expect(metas).toEqual(expected);
  });

  it.each([
    '{,"$":{"id":"r5"}}',
    '{"type":"a,"$":{"id":"r5"}}',
    '{"type":"a","b":{"c":1,"$":{"id":"r5"}}',
    '{"type":"a","b":[1,"$":{"id":"r5"}}',
    '{"type":"a"},"$":{"id":"r5"}}',
    '{"type":"a",,"$":{"id":"r5"}}',
    '"type",,"$":{"id":"r5"}}',
  ])("does not make JSON of %s", (text) => {
    expect([read(text), readBySchema(text)]).toEqual([undefined, undefined]);
  });

  it("is read as the schema reads it, whatever stands before it", () => {
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
        const expected = readBySchema(text);
        if (expected !== undefined) expect(read(text)).toEqual(expected);
        else expect(read(text)).toBeUndefined();
      }),
      { numRuns: 10_000 },
    );
  }, 20_000);
});
