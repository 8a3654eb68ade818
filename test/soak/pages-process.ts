// The end of `soak` of a process with pages: starts `pages.ts` and sends it commands.
// The faults freeze the process and apply faults to its pages. A command to a frozen process waits for its answer.
import { join } from "node:path";
import { Child } from "../support/child.ts";
import type { PageView } from "./page.ts";
import type { PageGroup } from "./settle.ts";

/** A page that the process opens at its start. */
export interface Plan {
  readonly name: string;
  readonly user: string;
  readonly rooms: readonly string[];
}

/** The input of a process of pages. */
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
 * The faults of a page. `hold`: its timers are paused. `sleep`: it is in the back/forward cache of the browser. `tab`: the user
 * opens another tab. `reload`: it is reloaded. `wander`: it leaves a room and joins another.
 */
export const PAGE_FAULTS = ["hold", "sleep", "tab", "reload", "wander"] as const;
export type PageFaultKind = (typeof PAGE_FAULTS)[number];

export class PagesProcess implements PageGroup {
  readonly name: string;
  readonly log: string;
  readonly #child: Child;
  isFrozen = false;

  constructor(name: string, directory: string, input: Omit<PagesInput, "name" | "log">) {
    this.name = name;
    this.log = join(directory, `${name}.jsonl`);
    this.#child = new Child(join(import.meta.dirname, "pages.ts"), {
      ...input,
      name,
      log: this.log,
    } satisfies PagesInput);
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

  strike(kind: PageFaultKind, chance: number): Promise<string | undefined> {
    return this.#child.command("strike", { kind, chance });
  }

  heal(kind: PageFaultKind, name: string, chance: number): Promise<void> {
    return this.#child.command("heal", { kind, name, chance });
  }

  /** Stops the process, as a browser freezes a page. @returns a function that resumes the process */
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
