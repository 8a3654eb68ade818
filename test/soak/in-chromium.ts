/** What of a soak runs within Chromium: one page, and its log until somebody asks for it. */
import type { LogLine } from "./log.ts";
import { Page } from "./page.ts";
import type { PageParts, PageView } from "./page.ts";

export interface InChromium {
  /** @param zero what the machine's monotonic clock said when the page's began */
  open(parts: Pick<PageParts, "name" | "user" | "rooms" | "url">, zero: number): void;
  start(): void;
  quiet(): void;
  /** Resolves when the server has answered. */
  ask(): Promise<void>;
  view(): PageView[];
  log(): readonly LogLine[];
}

const SAY_MS = 500;

const lines: LogLine[] = [];
let page: Page | undefined;
let talking: number | undefined;
let said = 0;

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
    talking = window.setInterval(say, SAY_MS);
  },
  quiet: () => {
    clearInterval(talking);
    page?.tell("online");
  },
  ask: async () => page?.ask(),
  view: () => (page ? [page.view] : []),
  log: () => lines,
};
Object.assign(globalThis, { soak });

function say(): void {
  const rooms = [...(page?.rooms.keys() ?? [])];
  page?.say(rooms[said++ % rooms.length]);
}
