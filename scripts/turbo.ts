import { globSync, readFileSync, rmSync } from "node:fs";
import { run } from "./command.ts";

/** The result of a task, whose id in turbo is for example `@halyard/server#test`. */
export interface TaskOutcome {
  readonly taskId: string;
  readonly succeeded: boolean;
  readonly cached: boolean;
}

interface Summary {
  readonly tasks: readonly {
    readonly taskId: string;
    readonly cache: { readonly status: string };
    readonly execution?: { readonly exitCode: number | null };
  }[];
}

const summaries = ".turbo/runs";

/** Runs tasks with turbo. @returns the outcome of each started task; a task whose dependency failed is not started */
export async function runTasks(...args: readonly string[]): Promise<TaskOutcome[]> {
  rmSync(summaries, { recursive: true, force: true });
  const code = await run("turbo", ["run", ...args, "--continue=dependencies-successful", "--summarize"]);
  const outcomes = globSync(`${summaries}/*.json`).flatMap(readSummary);
  if (code === 0 || outcomes.some((task) => !task.succeeded)) return outcomes;
  return [...outcomes, { taskId: "turbo", succeeded: false, cached: false }];
}

function readSummary(path: string): TaskOutcome[] {
  const { tasks } = JSON.parse(readFileSync(path, "utf8")) as Summary;
  return tasks
    .filter((task) => task.execution !== undefined)
    .map((task) => ({
      taskId: task.taskId,
      succeeded: task.execution?.exitCode === 0,
      cached: task.cache.status === "HIT",
    }));
}
