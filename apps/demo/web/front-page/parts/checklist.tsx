import { Icon } from "../../components/icon.tsx";
import { useStore } from "./use-store.ts";
import { createStore } from "../model/store.ts";
import type { Stage, Step } from "../model/stage.ts";
import { SourceLines } from "./source-lines.tsx";

/** The steps in the list. The other troubles have only their buttons. */
type ListedStep = Exclude<Step, "freeze">;

const STEPS: readonly { readonly step: ListedStep; readonly title: string; readonly text: string }[] = [
  {
    step: "unplug",
    title: "Pull the plug and write on",
    text: "Your lines wait with a clock. They arrive once, in order, and the lines that you missed are replayed.",
  },
  {
    step: "double",
    title: "Send everything twice",
    text: "Each message has a number. The server runs it once, even if it arrives several times.",
  },
  {
    step: "cuts",
    title: "Cut the line twenty times",
    text: "Each reconnect continues at the offset at which the last connection ended.",
  },
  {
    step: "kill",
    title: "Kill the server",
    text: "Lines that the server had not confirmed are unknown. The page asks the database for them, and sends only the missing ones.",
  },
  {
    step: "cursors",
    title: "Move in the canvas",
    text: "This is done when Grace has seen your cursor. The server sends the changes of 50 ms together, and only the newest.",
  },
  {
    step: "tabs",
    title: "Be one person in two tabs",
    text: "Open another tab. Others see you once, you see each of your tabs, and a sign-out closes all of them.",
  },
];

const NOTHING_DONE = createStore<ReadonlySet<Step>>(new Set());

/** Six things to try. Each entry is ticked when its trial has gone well. */
export function Checklist({ stage }: { readonly stage: Stage | undefined }) {
  const done = useStore(stage?.done ?? NOTHING_DONE);
  const doneSteps = STEPS.filter(({ step }) => done.has(step));
  return (
    <section className="band" aria-labelledby="steps">
      <div className="band-head">
        <h2 id="steps">Six things to try</h2>
        <p data-testid="steps-done">
          {doneSteps.length} of {STEPS.length} done
        </p>
      </div>
      <ol className="steps">
        {STEPS.map(({ step, title, text }, index) => (
          <li key={step} className="step" data-done={done.has(step)} data-testid={`step-${step}`}>
            <span className="step-tick" aria-hidden="true">
              {done.has(step) ? <Icon name="check" /> : index + 1}
            </span>
            <div>
              <h3>
                {title}
                {done.has(step) && <span className="sr-only"> (done)</span>}
              </h3>
              <p>{text}</p>
              <SourceLines excerpt={step} title={title} />
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
