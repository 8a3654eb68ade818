import { setTimeout as pause } from "node:timers/promises";
import type { PageView } from "./page.ts";
import type { ServerProcess, ServerStats } from "./server-process.ts";
import { GRACE_MS, REST_MS } from "./timing.ts";

const LOOK_MS = 500;
/** Whatever is told after a grace, or collected, has been told after this. */
const STILL_MS = GRACE_MS + 1_000;

/** One process of pages, or one page in a browser. */
export interface SomePages {
  readonly log: string;
  readonly errors: string;
  start(): Promise<void>;
  /** Nobody says anything any more, and everybody is told that the network is back. */
  quiet(): Promise<void>;
  view(): Promise<PageView[]>;
  end(): Promise<void>;
  kill(): Promise<void>;
}

export interface Resting {
  readonly server: ServerProcess;
  readonly pages: readonly SomePages[];
  readonly rooms: readonly string[];
}

/** How things stand at one moment. */
export interface Moment {
  /** Who is where, by what the pages are: everyone under `all`. */
  readonly truth: ReadonlyMap<string, readonly string[]>;
  readonly stats: ServerStats;
  /** What is not as it should be at rest, in words. */
  readonly troubles: readonly string[];
}

/** Waits until everybody is connected and everything is settled, and stays so for longer than a grace. */
export async function rest(resting: Resting): Promise<Moment> {
  const deadline = performance.now() + REST_MS + STILL_MS;
  for (;;) {
    const first = await look(resting);
    if (first.troubles.length === 0) {
      await pause(STILL_MS);
      const again = await look(resting);
      if (again.troubles.length === 0 || performance.now() > deadline) return again;
    }
    if (performance.now() > deadline) return first;
    await pause(LOOK_MS);
  }
}

/** Waits until everybody has come. */
export async function everybodyHere(resting: Resting): Promise<void> {
  const deadline = performance.now() + REST_MS;
  for (let moment = await look(resting); moment.troubles.length > 0; moment = await look(resting)) {
    if (performance.now() > deadline) throw new Error(`not everybody came: ${moment.troubles.join("; ")}`);
    await pause(LOOK_MS);
  }
}

async function look({ server, pages, rooms }: Resting): Promise<Moment> {
  const views = (await Promise.all(pages.map((some) => some.view()))).flat();
  const stats = await server.stats(rooms);
  const truth = new Map([["all", usersOf(views)]]);
  for (const room of rooms) truth.set(room, usersOf(views.filter(({ users }) => Object.hasOwn(users, room))));
  const troubles = [...views.flatMap((view) => troublesOf(view, truth)), ...serverTroubles(stats, truth)];
  if (stats.connections !== views.length)
    troubles.push(`the server has ${String(stats.connections)} connections of ${String(views.length)} pages`);
  return { truth, stats, troubles };
}

function usersOf(views: readonly PageView[]): string[] {
  return [...new Set(views.map(({ user }) => user))].sort();
}

function troublesOf(view: PageView, truth: Moment["truth"]): string[] {
  const { name, status, unsettled, users, joined } = view;
  const troubles: string[] = [];
  if (status !== "open") troubles.push(`${name} is ${status}`);
  if (unsettled > 0) troubles.push(`${name} has no answer to ${String(unsettled)} sends and requests`);
  for (const [place, known] of Object.entries(users)) {
    if (place !== "all" && !joined.includes(place)) troubles.push(`${name} is not in ${place}`);
    const difference = differenceOf(truth.get(place) ?? [], known);
    if (difference) troubles.push(`${name} in ${place}: ${difference}`);
  }
  return troubles;
}

function serverTroubles({ users, rooms }: ServerStats, truth: Moment["truth"]): string[] {
  return Object.entries({ all: users, ...rooms }).flatMap(([place, known]) => {
    const difference = differenceOf(truth.get(place) ?? [], known);
    return difference ? [`the server in ${place}: ${difference}`] : [];
  });
}

function differenceOf(truth: readonly string[], known: readonly string[]): string | undefined {
  const ghosts = known.filter((user) => !truth.includes(user));
  const unseen = truth.filter((user) => !known.includes(user));
  if (ghosts.length + unseen.length === 0) return undefined;
  return `listed, and not there: ${ghosts.join(", ") || "nobody"}; there, and not listed: ${unseen.join(", ") || "nobody"}`;
}
