import type { SubmitEvent } from "react";
import { useState } from "react";
import { problemText } from "../lib/problem-text.ts";

export interface Task {
  readonly run: (event: SubmitEvent<HTMLFormElement>) => void;
  readonly isBusy: boolean;
  readonly problem: string | undefined;
}

/** A form that does one thing: busy while it does, and with words for what went wrong. */
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
