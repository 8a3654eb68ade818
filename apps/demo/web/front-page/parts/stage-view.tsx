import type { ReactNode } from "react";
import { useStore } from "./use-store.ts";
import type { Stage } from "../model/stage.ts";
import { Legend } from "./legend.tsx";
import { Pane } from "./pane.tsx";
import { TroubleBar, TroubleButtons } from "./trouble-bar.tsx";
import { UnderTheHood } from "./under-the-hood.tsx";
import { VerdictPanel } from "./verdict-panel.tsx";

interface StageViewProps {
  readonly stage: Stage;
  /** Starts another visit. */
  readonly onRestart: () => void;
}

/** The two panes, the buttons of the troubles above them, and the frames of the sockets below. */
export function StageView({ stage, onRestart }: StageViewProps) {
  return (
    <section className="stage" aria-label="Try it" data-testid="stage">
      <TroubleBar stage={stage} />
      <VerdictPanel stage={stage} onRestart={onRestart} />
      <div className="panes">
        <Pane stage={stage} pane={stage.you} />
        <Pane stage={stage} pane={stage.companion} talk={stage.talk} />
      </div>
      <Legend />
      <UnderTheHood stage={stage} />
      <Problem stage={stage} />
    </section>
  );
}

interface StageWithoutVisitProps {
  readonly problem: string | undefined;
  readonly onRetry: () => void;
}

/** A placeholder with the same size, until the page has a visit. */
export function StageWithoutVisit({ problem, onRetry }: StageWithoutVisitProps) {
  return (
    <section className="stage" aria-label="Try it" aria-busy={problem === undefined}>
      <TroubleButtons isBusy={true} running={undefined} canKill={true} onRun={() => undefined} />
      <VerdictPanel stage={undefined} onRestart={onRetry} />
      <div className="panes">
        <PaneWithoutVisit name="You" hue={0} isConnecting={problem === undefined}>
          {problem !== undefined && (
            <div className="pane-problem" role="alert">
              <p>{problem}</p>
              <button type="button" className="button primary" onClick={onRetry}>
                Try again
              </button>
            </div>
          )}
        </PaneWithoutVisit>
        <PaneWithoutVisit name="Grace" hue={2} isConnecting={problem === undefined} />
      </div>
      <Legend />
      <div className="hood" />
    </section>
  );
}

interface PaneWithoutVisitProps {
  readonly name: string;
  readonly hue: number;
  readonly isConnecting: boolean;
  readonly children?: ReactNode;
}

function PaneWithoutVisit({ name, hue, isConnecting, children }: PaneWithoutVisitProps) {
  return (
    <div className="pane">
      <div className="pane-header">
        <span className="avatar" data-hue={hue} aria-hidden="true">
          {name.slice(0, 1)}
        </span>
        <div className="pane-who">
          <h2>{name}</h2>
          <p className="pane-state">
            <span className="pane-light" aria-hidden="true" />
            {isConnecting ? "Connecting …" : "Disconnected"}
          </p>
        </div>
      </div>
      {children}
    </div>
  );
}

function Problem({ stage }: { readonly stage: Stage }) {
  const problem = useStore(stage.problem);
  return (
    <p className="stage-problem" role="alert">
      {problem}
    </p>
  );
}
