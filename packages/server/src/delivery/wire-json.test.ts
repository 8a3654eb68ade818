import { applicationError, defineProtocol, message, request } from "@halyard/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";
import { createPublisher } from "../publisher.ts";
import { TestSystem } from "../../test/test-system.ts";
import { wireJson } from "./wire-json.ts";

/** An emoji whose second half was cut off. */
const CUT = "hello 😀".slice(0, 7);
const WHOLE = "hello \ufffd";

const text = z.object({ text: z.string() });
const protocol = defineProtocol({
  clientMessages: {
    // The schema cuts what it relays.
    shortened: message(z.object({ text: z.string().transform((long) => long.slice(0, 7)) }), {
      relay: "all",
    }),
    stored: message(z.object({}), { result: z.string() }),
  },
  serverMessages: { note: message(text), blink: message(text, { ephemeral: true }) },
  requests: { summary: request({ output: z.string() }), refused: request({ output: z.string() }) },
  errors: { cut: text },
  serverRequests: { confirm: request({ input: z.string(), output: z.string() }) },
});

describe("wireJson", () => {
  it("is JSON.stringify of the well-formed value, whatever it escapes", () => {
    const half = fc.string({
      unit: fc.constantFrom("\ud83d", "\ude00", "\\", "\n", "\0", '"', "u", "d", "8"),
    });
    fc.assert(
      fc.property(half, half, (name, value) => {
        const whole = { [name.toWellFormed()]: [value.toWellFormed()] };
        expect(JSON.parse(wireJson({ [name]: [value] }))).toEqual(whole);
      }),
    );
    expect(wireJson({ a: "\\ud83d😀" })).toBe('{"a":"\\\\ud83d😀"}');
  });

  it("has no text for what has no JSON", () => {
    expect(wireJson(undefined)).toBeUndefined();
    expect(wireJson(() => 0)).toBeUndefined();
  });
});

describe("a text of the application that was cut inside a surrogate pair", () => {
  it("is sent with U+FFFD in messages, requests, replies, results and errors", async () => {
    const backplane = createMemoryBackplane();
    const system = new TestSystem({ protocol, backplane, authorize: () => true });
    system.handlers.on("stored", () => CUT);
    system.handlers.onRequest("summary", () => CUT);
    system.handlers.onRequest("refused", () => {
      throw applicationError(protocol, "cut", { text: CUT });
    });
    const reader = await system.join("bea");
    const sender = await system.join("ada", { clientId: "another-client-of-ada" });
    const { manager } = system;
    await manager.broadcastMessage({ type: "note", text: CUT });
    await manager.sendToUser("bea", { type: "note", text: CUT });
    await manager.broadcastMessage({ type: "blink", text: CUT });
    manager.send(reader, { type: "note", text: CUT });
    const publisher = createPublisher({ backplane, protocol, logger: false });
    await publisher.broadcastMessage({ type: "note", text: CUT });
    void manager.request(reader, "confirm", CUT).catch(() => undefined);
    await system.say(sender, { type: "shortened", text: "hello 😀", $: { seq: 1 } });
    const result = await system.ask(sender, { type: "stored", $: { seq: 2 } });
    const reply = await system.ask(sender, { type: "request", name: "summary", $: { id: "1" } });
    const error = await system.ask(sender, { type: "request", name: "refused", $: { id: "2" } });
    expect(reader.received("note").map((frame) => frame["text"])).toEqual([WHOLE, WHOLE, WHOLE, WHOLE]);
    expect(reader.received("blink")).toMatchObject([{ text: WHOLE }]);
    expect(reader.received("shortened")).toMatchObject([{ text: WHOLE }]);
    expect(reader.received("request")).toMatchObject([{ input: WHOLE }]);
    expect(result).toMatchObject([{ result: { result: WHOLE } }]);
    expect(reply).toMatchObject([{ result: WHOLE }]);
    expect(error).toMatchObject([{ application: { data: { text: WHOLE } } }]);
    await publisher.close();
    await system.expectToEndCleanly();
  });
});
