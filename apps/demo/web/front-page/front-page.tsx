import { useEffect, useState } from "react";
import { createPortal } from "react-dom";
import { ThemeToggle } from "../components/theme-toggle.tsx";
import { Stage, startVisit } from "./model/stage.ts";
import { Beyond } from "./parts/beyond.tsx";
import { Checklist } from "./parts/checklist.tsx";
import { CopyInstall } from "./parts/copy-install.tsx";
import { Together } from "./parts/together.tsx";
import { StageView, StageWithoutVisit } from "./parts/stage-view.tsx";
import { DOCS, REPOSITORY } from "./links.ts";

/** The front page below its static top, which visitors can use without an account. */
export function FrontPage() {
  const { stage, problem, retry } = useStage();
  const themeSlot = useSlot("theme");
  const copySlot = useSlot("copy-install");
  return (
    <div className="front-page">
      {themeSlot && createPortal(<ThemeToggle />, themeSlot)}
      {copySlot && createPortal(<CopyInstall />, copySlot)}
      <main className="front-page-main">
        {stage ? (
          <StageView stage={stage} onRestart={retry} />
        ) : (
          <StageWithoutVisit problem={problem} onRetry={retry} />
        )}
        <Together stage={stage} onRestart={retry} />
        <Checklist stage={stage} />
        <Beyond />
      </main>
      <footer className="front-page-foot">
        <p>
          This page is an application of <code>@halyard/react</code>. <a href={DOCS}>Read the docs</a>, or{" "}
          <a href={`${REPOSITORY}/tree/main/apps/demo`}>its source</a>.
        </p>
      </footer>
    </div>
  );
}

/** Renders a button into the static top. An effect finds its place there, because the build renders this page without a document. */
function useSlot(id: string): Element | null {
  const [slot, setSlot] = useState<Element | null>(null);
  useEffect(() => setSlot(document.getElementById(id)), [id]);
  return slot;
}

/** Starts a visit and keeps it while the page is mounted. */
function useStage() {
  const [stage, setStage] = useState<Stage>();
  const [problem, setProblem] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    let opened: Stage | undefined;
    startVisit(end.signal).then(
      (visit) => {
        if (end.signal.aborted) return;
        opened = new Stage(visit);
        setStage(opened);
      },
      (error: unknown) => {
        if (!end.signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
      },
    );
    return () => {
      end.abort();
      opened?.close();
      setStage(undefined);
    };
  }, [attempt]);
  const retry = () => {
    setProblem(undefined);
    setAttempt(attempt + 1);
  };
  return { stage, problem, retry };
}
