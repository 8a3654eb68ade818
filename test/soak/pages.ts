/** Some of a soak's pages, in one process, which may be frozen. */
import { createRandom } from "@halyard/testing";
import { WebSocket } from "ws";
import { readInput, serveParent } from "./child.ts";
import { LogWriter } from "./log.ts";
import type { LogEvent } from "./log.ts";
import { Page } from "./page.ts";
import type { PageView } from "./page.ts";
import type { PagesInput, Plan, PageStrike } from "./pages-process.ts";

/** Of a hundred things that a page does: so many are messages to everyone, typing, and questions. The rest is for rooms. */
const TO_ALL = 2;
const TYPING = 8;
const ASKING = 4;

const { name: worker, seed, url, log: path, plans, rate, roomNames } = readInput<PagesInput>();
const log = new LogWriter(path);
const random = createRandom(seed);
const pages = new Map<string, Page>();
let loads = 0;
let timer: NodeJS.Timeout | undefined;

process.on("unhandledRejection", broken);
process.on("uncaughtException", broken);
for (const plan of plans) open(plan);

serveParent({
  start: () => talk(),
  quiet: () => {
    clearTimeout(timer);
    for (const page of pages.values()) page.tell("online");
  },
  view: (): PageView[] => [...pages.values()].map(({ view }) => view),
  strike: ({ kind, chance }: { readonly kind: PageStrike; readonly chance: number }) => strike(kind, chance),
  heal: ({
    kind,
    name,
    chance,
  }: {
    readonly kind: PageStrike;
    readonly name: string;
    readonly chance: number;
  }) => heal(kind, name, chance),
  wake: () => {
    for (const page of pages.values()) page.tell("resume");
  },
  end: () => log.close(),
});

function open({ name, user, rooms }: Plan): Page {
  const write = (event: LogEvent): void => log.write(event);
  const page = new Page({ name, user, rooms, url, write, WebSocket, events: new EventTarget() });
  pages.set(name, page);
  return page;
}

/** Another page load: another client, of the same user. */
function reopen({ user, rooms }: Page): Page {
  // Two pages of one user may be in two processes.
  return open({ name: `${user}.${worker}.${String(++loads)}`, user, rooms: [...rooms.keys()] });
}

function talk(): void {
  act();
  timer = setTimeout(talk, Math.min(5_000, (-Math.log(1 - random()) * 1_000) / rate));
}

function act(): void {
  const page = pick([...pages.values()], random());
  const room = pick([...(page?.rooms.keys() ?? [])], random());
  const chance = random() * 100;
  if (chance < TO_ALL) page?.say();
  else if (room === undefined) return;
  else if (chance < TO_ALL + TYPING) page?.type(room);
  else if (chance < TO_ALL + TYPING + ASKING) void page?.ask();
  else page?.say(room);
}

/** @returns the name of what was struck, and is to be healed */
function strike(kind: PageStrike, chance: number): string | undefined {
  const page = pick([...pages.values()], chance);
  if (!page) return undefined;
  switch (kind) {
    case "hold":
      page.hold();
      return page.name;
    case "sleep":
      page.tell("pagehide");
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

function heal(kind: PageStrike, name: string, chance: number): void {
  const page = pages.get(name);
  if (!page) return;
  switch (kind) {
    case "hold":
      return page.release();
    case "sleep":
      return page.tell("pageshow");
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

function broken(error: unknown): void {
  log.write({
    type: "broken",
    client: worker,
    message: error instanceof Error ? String(error.stack) : String(error),
  });
}
