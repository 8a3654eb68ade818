// The page of the recipe loading-state, with changes in an order that its own server never makes, but one with a database may.
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

it("the recipe loading-state loads again where a change was not published, or is published after a later one", async () => {
  const project = new Project(inject("packedDirectory"));
  const directory = writeRecipe(project, "changes", filesOf("recipes/loading-state.md"));
  const { watchPoll } = (await import(join(directory, "poll.ts"))) as PollModule;
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
  const end = watchPoll(
    client as never,
    (votes) => shown.push([...votes]),
    (error) => {
      throw error;
    },
  );
  await until("the load", () => shown.length === 1);
  hear({ option: 1, version: 3 });
  hear({ option: 0, version: 2 });
  await until("the second load", () => stored.length === 0 && shown.length > 1);
  expect(shown.at(-1)).toEqual([2, 1, 0]);
  hear({ option: 2, version: 4 });
  expect(shown.at(-1)).toEqual([2, 1, 1]);
  end();
});
