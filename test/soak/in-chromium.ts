// The script of the page in Chromium. `ChromiumPage` bundles the script, loads it into a tab and calls the global `soak`.
// The log of the page is in memory until `ChromiumPage` reads it at the end.
import type { LogLine } from "./log.ts";
import { Page } from "./page.ts";
import type { PageParts, PageView } from "./page.ts";

export interface InChromium {
  /** @param zero the origin of the page's clock on the machine's monotonic clock, in ms */
  open(parts: Pick<PageParts, "name" | "user" | "rooms" | "url">, zero: number): void;
  start(): void;
  quiet(): void;
  /** Sends a request. Resolves when the reply has come. */
  request(): Promise<void>;
  view(): PageView[];
  log(): readonly LogLine[];
}

const SEND_EVERY_MS = 500;

const lines: LogLine[] = [];
let page: Page | undefined;
let sending: number | undefined;
let sent = 0;

const soak: InChromium = {
  open: (parts, zero) => {
    const at = (): number => Math.round((zero + performance.now()) * 1e3) / 1e3;
    page = new Page({
      ...parts,
      write: (event) => void lines.push({ at: at(), ...event }),
      WebSocket: globalThis.WebSocket,
      events: globalThis,
    });
  },
  start: () => {
    sending = window.setInterval(send, SEND_EVERY_MS);
  },
  quiet: () => {
    clearInterval(sending);
    page?.dispatch("online");
  },
  request: async () => page?.request(),
  view: () => (page ? [page.view] : []),
  log: () => lines,
};
Object.assign(globalThis, { soak });

function send(): void {
  const rooms = [...(page?.rooms.keys() ?? [])];
  page?.send(rooms[sent++ % rooms.length]);
}
