// The pages of recipes with answers that their own servers never give, or not in this order, but others may.
import { join } from "node:path";
import type { WebSocketClient } from "@halyard/client";
import { expect, inject, it } from "vitest";
import { until } from "../support/wait.ts";
import { Project } from "./project.ts";
import { filesOf, writeRecipe } from "./recipe-files.ts";

interface Vote {
  readonly option: number;
  readonly version: number;
}
interface PollModule {
  watchPoll(
    client: WebSocketClient<never>,
    show: (votes: readonly number[]) => void,
    showProblem: (error: unknown) => void,
  ): () => void;
}

interface LinesModule {
  watchLines(
    client: WebSocketClient<never>,
    name: string,
    show: (lines: readonly object[]) => void,
    showProblem: (error: unknown) => void,
  ): { older(): Promise<boolean>; end(): void };
}

const fail = (error: unknown): void => {
  throw error;
};

/** The file of a recipe's page. */
async function pageOf<TModule>(recipe: string, file: string): Promise<TModule> {
  const project = new Project(inject("packedDirectory"));
  const directory = writeRecipe(project, `${recipe}-alone`, filesOf(`recipes/${recipe}.md`));
  return (await import(join(directory, file))) as TModule;
}

it("the recipe loading-state loads again where a change was not published, or is published after a later one", async () => {
  const { watchPoll } = await pageOf<PollModule>("loading-state", "poll.ts");
  const stored = [
    { votes: [1, 0, 0], version: 1 },
    { votes: [2, 1, 0], version: 3 },
  ];
  let hear: (vote: Vote) => void = () => {};
  const client = {
    join: () => ({
      ready: Promise.resolve({ status: "joined" }),
      on: (_type: string, listener: typeof hear) => (hear = listener),
      onGap: () => {},
      leave: () => {},
    }),
    request: () => Promise.resolve(stored.shift()),
  };
  const shown: (readonly number[])[] = [];
  const end = watchPoll(client as never, (votes) => shown.push([...votes]), fail);
  await until("the load", () => shown.length === 1);
  hear({ option: 1, version: 3 });
  hear({ option: 0, version: 2 });
  await until("the second load", () => stored.length === 0 && shown.length > 1);
  expect(shown.at(-1)).toEqual([2, 1, 0]);
  hear({ option: 2, version: 4 });
  expect(shown.at(-1)).toEqual([2, 1, 1]);
  end();
});

it("the recipe older-messages says that there may be older lines while the newest page is being loaded", async () => {
  const { watchLines } = await pageOf<LinesModule>("older-messages", "lines.ts");
  let answer: (lines: readonly object[]) => void = () => {};
  const room = {
    ready: Promise.resolve({ status: "joined" }),
    on: () => {},
    onGap: () => {},
    leave: () => {},
    request: () => new Promise((resolve) => (answer = resolve)),
  };
  const shown: (readonly object[])[] = [];
  const client = { join: () => room };
  const lines = watchLines(client as never, "lobby", (list) => shown.push(list), fail);
  expect(await lines.older()).toBe(true);
  await until("the page to be asked for", () => {
    answer([]);
    return shown.length === 1;
  });
  expect([shown, await lines.older()]).toEqual([[[]], false]);
  lines.end();
});
