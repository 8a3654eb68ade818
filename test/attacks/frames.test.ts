import { expect, it } from "vitest";
import { besiege } from "./support/siege.ts";
import type { Siege } from "./support/siege.ts";
import { closeFrame, frame } from "./support/wire.ts";

/** Sends frames on a connection of its own, and gives the code that it ends with. */
async function codeAfter(siege: Siege, ...frames: readonly Uint8Array[]): Promise<number> {
  const wire = await siege.wire();
  wire.write(...frames);
  return wire.end();
}

besiege("B: broken frames", {}, (siege) => {
  it.each([
    ["ff fe", frame({ payload: Buffer.from("fffe", "hex") })],
    ["a surrogate in UTF-8", frame({ payload: Buffer.from("eda080", "hex") })],
  ])("B1: text that is not UTF-8 closes the connection: %s", async (_name, bytes) => {
    expect(await codeAfter(siege, bytes)).toBe(1007);
  });

  it("B1: a code point that is split between fragments is one", async () => {
    const [first, second] = [Buffer.from("e282", "hex"), Buffer.from("ac", "hex")];
    const wire = await siege.wire();
    wire.write(frame({ fin: false, payload: first }), frame({ opcode: 0, payload: second }));
    expect(await wire.hears("chat_message")).toMatchObject({ content: "€" });
  });

  it("B2: a frame without a mask closes the connection", async () => {
    expect(await codeAfter(siege, frame({ payload: "hello", masked: false }))).toBe(1002);
  });

  it.each([0, 999, 1004, 1005, 1006, 1015, 2999, 5000])("B5: close code %i is none to send", async (code) => {
    expect(await codeAfter(siege, closeFrame(code))).toBe(1002);
  });

  it("B5: a close frame of one byte is broken, and so is a reason that is not UTF-8", async () => {
    expect(await codeAfter(siege, frame({ opcode: 8, payload: "x" }))).toBe(1002);
    expect(await codeAfter(siege, closeFrame(1000, Buffer.from("fffe", "hex")))).toBe(1007);
  });
});
