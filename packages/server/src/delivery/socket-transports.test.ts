import { describe, expect, it } from "vitest";
import { FakeSocket } from "../../test/fake-socket.ts";
import { Batch, OutboundFrame } from "./outbound-frame.ts";
import { basicTransport, corkingTransport, transportOf } from "./socket-transports.ts";
const batch = ["a", "b", "c"].reduce((all, text) => all.append(new OutboundFrame(text)), new Batch());

/** A socket that corks, as Bun's does: `send` returns the result that the runtime gives for each message. */
class CorkingSocket extends FakeSocket {
  corks = 0;
  sendResults: number[] = [];

  cork(callback: () => void): void {
    this.corks++;
    callback();
  }

  getBufferedAmount(): number {
    return 17;
  }

  override send(text: string): number {
    super.send(text);
    return this.sendResults.shift() ?? text.length;
  }
}

describe("basicTransport", () => {
  it("sends each frame by itself, in order", () => {
    const ws = new FakeSocket({ userId: "ada" });
    expect(transportOf(ws)).toBe(basicTransport);
    expect(basicTransport.write(ws, batch)).toBe(true);
    expect(ws.texts).toEqual(["a", "b", "c"]);
  });

  it("returns the buffered bytes, and 0 where the socket does not know them", () => {
    const ws = new FakeSocket({ userId: "ada" });
    ws.bufferedAmount = 5;
    expect(basicTransport.bufferedAmount(ws)).toBe(5);
    const { data, readyState } = ws;
    expect(basicTransport.bufferedAmount({ data, readyState, send: () => 0, close: () => undefined })).toBe(
      0,
    );
  });
});

describe("corkingTransport", () => {
  it("sends all frames inside one cork", () => {
    const ws = new CorkingSocket({ userId: "ada" });
    expect(transportOf(ws)).toBe(corkingTransport);
    expect(corkingTransport.write(ws, batch)).toBe(true);
    expect(ws.texts).toEqual(["a", "b", "c"]);
    expect(ws.corks).toBe(1);
    expect(corkingTransport.bufferedAmount(ws)).toBe(17);
  });

  it("reports a lost frame when send returns 0, and none when it returns -1", () => {
    const ws = new CorkingSocket({ userId: "ada" });
    ws.sendResults = [1, -1, 1];
    expect(corkingTransport.write(ws, batch)).toBe(true);
    ws.sendResults = [1, 0, 1];
    expect(corkingTransport.write(ws, batch)).toBe(false);
  });
});
