// The program of a process with some pages of a soak, which `PagesProcess` starts.
// Its pages send at random times between the commands `start` and `quiet`; the program applies the faults of its pages.
// Every event of the pages is in the log when the command `end` is answered.
import { createRandom } from "@halyard/testing";
import { WebSocket } from "ws";
import { readInput, serveParent } from "../support/child.ts";
import { LogWriter, recordFaults } from "./log.ts";
import type { LogEvent } from "./log.ts";
import { Page } from "./page.ts";
import type { PageView } from "./page.ts";
import type { PagesInput, Plan, PageFaultKind } from "./pages-process.ts";

/** The shares of the actions of a page, in percent: messages to all, typing and requests. The others are messages to a room. */
const TO_ALL = 2;
const TYPING = 8;
const REQUESTS = 4;

const { name: worker, seed, url, log: path, plans, rate, roomNames } = readInput<PagesInput>();
const log = new LogWriter(path);
const random = createRandom(seed);
const pages = new Map<string, Page>();
let loads = 0;
let timer: NodeJS.Timeout | undefined;

// A client warns once on the console when its first attempt fails, as it often does in a soak.
Object.assign(console, { warn: () => {} });
recordFaults(log, worker);
for (const plan of plans) open(plan);

serveParent({
  start: () => sendAtRandom(),
  quiet: () => {
    clearTimeout(timer);
    for (const page of pages.values()) page.dispatch("online");
  },
  view: (): PageView[] => [...pages.values()].map(({ view }) => view),
  strike: ({ kind, chance }: { readonly kind: PageFaultKind; readonly chance: number }) =>
    strike(kind, chance),
  heal: ({
    kind,
    name,
    chance,
  }: {
    readonly kind: PageFaultKind;
    readonly name: string;
    readonly chance: number;
  }) => heal(kind, name, chance),
  wake: () => {
    for (const page of pages.values()) page.dispatch("resume");
  },
  end: () => log.close(),
});

function open({ name, user, rooms }: Plan): Page {
  const write = (event: LogEvent): void => log.write(event);
  const page = new Page({ name, user, rooms, url, write, WebSocket, events: new EventTarget() });
  pages.set(name, page);
  return page;
}

/** Opens another page of the same user, with a client of its own. */
function reopen({ user, rooms }: Page): Page {
  // The name contains the name of the process, because two pages of a user may be in two processes.
  return open({ name: `${user}.${worker}.${String(++loads)}`, user, rooms: [...rooms.keys()] });
}

function sendAtRandom(): void {
  act();
  timer = setTimeout(sendAtRandom, Math.min(5_000, (-Math.log(1 - random()) * 1_000) / rate));
}

function act(): void {
  const page = pick([...pages.values()], random());
  const room = pick([...(page?.rooms.keys() ?? [])], random());
  const chance = random() * 100;
  if (chance < TO_ALL) page?.send();
  else if (room === undefined) return;
  else if (chance < TO_ALL + TYPING) page?.type(room);
  else if (chance < TO_ALL + TYPING + REQUESTS) void page?.request();
  else page?.send(room);
}

/** Applies a fault to a page. @returns the name of the page to heal; undefined if no page can have the fault now */
function strike(kind: PageFaultKind, chance: number): string | undefined {
  const page = pick([...pages.values()], chance);
  if (!page) return undefined;
  switch (kind) {
    case "hold":
      page.pauseTimers();
      return page.name;
    case "sleep":
      page.dispatch("pagehide");
      return page.name;
    case "tab":
      return reopen(page).name;
    case "reload":
      page.unload();
      pages.delete(page.name);
      return reopen(page).name;
    case "wander": {
      const room = pick([...page.rooms.keys()], random());
      if (room === undefined) return undefined;
      page.leave(room);
      return page.name;
    }
  }
}

function heal(kind: PageFaultKind, name: string, chance: number): void {
  const page = pages.get(name);
  if (!page) return;
  switch (kind) {
    case "hold":
      return page.resumeTimers();
    case "sleep":
      return page.dispatch("pageshow");
    case "tab":
      pages.delete(name);
      return chance < 0.5 ? page.close() : page.crash();
    case "reload":
      return;
    case "wander":
      return page.join(pick(roomNames, chance) ?? "");
  }
}

function pick<TItem>(list: readonly TItem[], chance: number): TItem | undefined {
  return list[Math.floor(chance * list.length)];
}
