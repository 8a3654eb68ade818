import { join } from "node:path";
import { Child } from "./child.ts";
import type { PageView } from "./page.ts";
import type { SomePages } from "./settle.ts";

/** A page that is opened at the beginning. */
export interface Plan {
  readonly name: string;
  readonly user: string;
  readonly rooms: readonly string[];
}

/** What a process of pages is started with. */
export interface PagesInput {
  readonly name: string;
  readonly seed: number;
  readonly url: string;
  readonly log: string;
  readonly plans: readonly Plan[];
  readonly rate: number;
  readonly roomNames: readonly string[];
}

/**
 * What can happen to a page: its timers are held; it sleeps in the browser's cache; it has a double; it is loaded anew;
 * it leaves a room for another.
 */
export const PAGE_STRIKES = ["hold", "sleep", "tab", "reload", "wander"] as const;
export type PageStrike = (typeof PAGE_STRIKES)[number];

/** A process with some of the pages. */
export class PagesProcess implements SomePages {
  readonly name: string;
  readonly log: string;
  readonly #child: Child;
  isFrozen = false;

  constructor(name: string, directory: string, input: Omit<PagesInput, "name" | "log">) {
    this.name = name;
    this.log = join(directory, `${name}.jsonl`);
    this.#child = new Child("pages.ts", { ...input, name, log: this.log } satisfies PagesInput);
  }

  get errors(): string {
    return this.#child.errors;
  }

  start(): Promise<void> {
    return this.#child.command("start");
  }

  quiet(): Promise<void> {
    return this.#child.command("quiet");
  }

  view(): Promise<PageView[]> {
    return this.#child.command("view");
  }

  strike(kind: PageStrike, chance: number): Promise<string | undefined> {
    return this.#child.command("strike", { kind, chance });
  }

  heal(kind: PageStrike, name: string, chance: number): Promise<void> {
    return this.#child.command("heal", { kind, name, chance });
  }

  /** Nothing of it runs, as of a page that the browser has frozen. @returns thaws it */
  freeze(): () => Promise<void> {
    this.isFrozen = true;
    this.#child.signal("SIGSTOP");
    return async () => {
      this.#child.signal("SIGCONT");
      this.isFrozen = false;
      await this.#child.command("wake");
    };
  }

  async end(): Promise<void> {
    await this.#child.command("end");
    await this.#child.kill();
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }
}
