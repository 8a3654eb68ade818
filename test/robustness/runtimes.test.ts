// The client in runtimes that lack what browsers have. jsdom is the real one, in the version that Jest has. workerd and React Native are contexts that lack what they
// lack; `pnpm test:long runtimes` runs the real workerd, Deno, Bun and the oldest Node.
import { JSDOM } from "jsdom";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { EXPECTED } from "../runtimes/expected.ts";
import type { Drive } from "../runtimes/page-program.ts";
import { bundle } from "../support/bundle.ts";
import { startEchoServer } from "../support/echo-server.ts";
import type { EchoServer } from "../support/echo-server.ts";

let server: EchoServer;
let script: string;
beforeAll(async () => {
  server = await startEchoServer();
  script = await bundle(join(import.meta.dirname, "../runtimes"), "page-program.ts", "iife");
});
afterAll(() => server.close());

/** The globals of a runtime that every one has. */
const BASE = { setTimeout, clearTimeout, performance, console, WebSocket };

/** Runs the script with these globals; returns its `drive`. */
function load(globals: object): Drive {
  const context = createContext({ ...BASE, ...globals });
  runInContext("globalThis.window = undefined", context);
  runInContext(script, context);
  return (context as { readonly drive: Drive }).drive;
}

/** React Native's, with what it cannot do: it parses nothing, ends with a slash, and has no setters. */
class NativeURL {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text.endsWith("/") ? text : `${text}/`;
  }

  get href(): string {
    return this.#text;
  }

  toString(): string {
    return this.#text;
  }
}

/** React Native's, after the package abort-controller: no reason, and no static members. */
class NativeAbortController {
  readonly signal = {
    aborted: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  };

  abort(): void {
    this.signal.aborted = true;
  }
}
const REACT_NATIVE = {
  URL: NativeURL,
  AbortController: NativeAbortController,
  AbortSignal: function AbortSignal() {},
  btoa,
  navigator: { product: "ReactNative" },
};

describe("the client", () => {
  it("runs in the jsdom of Jest, which has no TextEncoder and no fetch [s-H7]", async () => {
    const { window } = new JSDOM("", { url: server.url.replace("ws:", "http:"), runScripts: "outside-only" });
    window.eval(script);
    const { drive, TextEncoder } = window as unknown as {
      readonly drive: Drive;
      readonly TextEncoder: unknown;
    };
    expect(TextEncoder).toBeUndefined();
    expect(await drive({ url: "/ws?name=ada" })).toEqual(EXPECTED);
    window.close();
  });

  it("runs where React Native lacks URL setters, TextEncoder, reasons and time-outs of signals [s-H7]", async () => {
    const drive = load({ ...REACT_NATIVE, crypto });
    expect(await drive({ url: server.url })).toEqual(EXPECTED);
  });

  it("is made while a script of workerd loads, and runs where `useCapture` throws [s-H7]", async () => {
    let isLoading = true;
    const whenLoaded = (call: (...values: never[]) => unknown) =>
      function (...values: never[]): unknown {
        if (isLoading) throw new Error("Disallowed operation called within global scope");
        return call(...values);
      };
    const addEventListener = (_type: string, _listener: unknown, useCapture: boolean) => {
      if (useCapture) throw new TypeError("addEventListener(): useCapture must be false");
    };
    const drive = load({
      URL,
      AbortController,
      AbortSignal,
      btoa,
      TextEncoder,
      crypto: {
        getRandomValues: whenLoaded((array: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(array)),
      },
      setTimeout: whenLoaded(setTimeout),
      addEventListener,
      removeEventListener: addEventListener,
    });
    isLoading = false;
    expect(await drive({ url: server.url })).toEqual(EXPECTED);
  });

  it.each([
    ["React Native without polyfills", REACT_NATIVE, "No crypto.getRandomValues here"],
    ["a bare context", { WebSocket: undefined }, "No WebSocket, URL, btoa, crypto.getRandomValues here"],
  ])("names all that is missing in one error when it is made in %s [s-H7]", (_name, globals, message) => {
    expect(() => load(globals)).toThrow(`${message}: load a polyfill first, or pass { WebSocket } from "ws"`);
  });
});
