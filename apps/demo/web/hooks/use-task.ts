import type { SubmitEvent } from "react";
import { useState } from "react";
import { problemText } from "../lib/problem-text.ts";

export interface Task {
  readonly run: (event: SubmitEvent<HTMLFormElement>) => void;
  readonly isBusy: boolean;
  readonly problem: string | undefined;
}

/** The state of the task of a form: whether it runs, and the text of its last error. */
export function useTask(work: (form: FormData) => Promise<void>): Task {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    work(new FormData(event.currentTarget))
      .catch((error: unknown) => setProblem(problemText(error)))
      .finally(() => setBusy(false));
  };
  return { run, isBusy, problem };
}
