import { Icon } from "../../components/icon.tsx";
import { useStore } from "./use-store.ts";
import { createStore } from "../model/store.ts";
import type { Stage } from "../model/stage.ts";
import { isGood, verdictText } from "../model/verdict.ts";

interface VerdictPanelProps {
  readonly stage: Stage | undefined;
  /** Starts another visit. */
  readonly onRestart: () => void;
}

const NO_VISIT = createStore(false);

/** The newest verdict, or a button for another visit after a sign-out, and the score of the visit. */
export function VerdictPanel({ stage, onRestart }: VerdictPanelProps) {
  const isOver = useStore(stage?.isOver ?? NO_VISIT);
  return (
    <div className="verdict-panel">
      <div className="verdict-newest" role="status">
        {isOver && stage ? <VisitOver stage={stage} /> : stage ? <Newest stage={stage} /> : <Invitation />}
      </div>
      {isOver && (
        <button type="button" className="button primary" onClick={onRestart} data-testid="restart">
          Start another visit
        </button>
      )}
      {stage ? <ScoreView stage={stage} /> : <div className="score" />}
    </div>
  );
}

function Newest({ stage }: { readonly stage: Stage }) {
  const newest = useStore(stage.newest);
  const trouble = useStore(stage.trouble);
  if (trouble !== undefined)
    return (
      <p className="verdict-text" data-testid="verdict-running">
        <strong>Trouble on your line …</strong>
        <span>Watch your pane: your lines wait with a clock, and Grace writes on.</span>
      </p>
    );
  if (newest === undefined) return <Invitation />;
  const { verdict, guest } = newest;
  return (
    <p
      key={`${guest} ${verdict.id}`}
      className="verdict-text"
      data-good={isGood(verdict)}
      data-testid="verdict"
      data-verdict={JSON.stringify(verdict)}
    >
      <strong>
        <Icon name={isGood(verdict) ? "check" : "alert"} />
        {verdict.title}
      </strong>
      <span>{verdictText(verdict)}</span>
    </p>
  );
}

function VisitOver({ stage }: { readonly stage: Stage }) {
  const isSignedOut = useStore(stage.signingOut) !== undefined;
  return (
    <p className="verdict-text" data-testid="stage-signed-out">
      <strong>
        {isSignedOut ? "You are signed out, in every tab." : "A visit lasts an hour. This one is over."}
      </strong>
      <span>
        {isSignedOut && "The server has closed all sockets of this visit. "}Another visit connects you and
        Grace again.
      </span>
    </p>
  );
}

function Invitation() {
  return (
    <p className="verdict-text">
      <strong>Make trouble, and the verdict appears here.</strong>
      <span>It shows how long you were away, and how many lines were sent, missed, lost and doubled.</span>
    </p>
  );
}

function ScoreView({ stage }: { readonly stage: Stage }) {
  const { written, arrived, lost, doubled } = useStore(stage.score);
  const figures = [
    ["lines", written],
    ["deliveries", arrived],
    ["lost", lost],
    ["doubled", doubled],
  ] as const;
  return (
    <dl className="score" aria-label="Score of this visit" data-testid="score">
      {figures.map(([name, count]) => (
        <div key={name} data-figure={name} data-bad={(name === "lost" || name === "doubled") && count > 0}>
          <dt>{name}</dt>
          <dd>{count}</dd>
        </div>
      ))}
    </dl>
  );
}
