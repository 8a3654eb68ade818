import { useCallback } from "react";
import { createStore } from "../model/store.ts";
import { HalyardProvider } from "../halyard.ts";
import type { Stage } from "../model/stage.ts";
import { Canvas } from "./canvas.tsx";
import { CanvasFrame } from "./canvas-frame.tsx";
import { OnePerson } from "./one-person.tsx";
import { TalkButton } from "./pane-header.tsx";
import { SignOut } from "./sign-out.tsx";
import { useStore } from "./use-store.ts";

interface TogetherProps {
  readonly stage: Stage | undefined;
  /** Starts another visit. */
  readonly onRestart: () => void;
}

/** The canvas with the cursors of all visitors, and the tabs of this visitor. */
export function Together({ stage, onRestart }: TogetherProps) {
  return (
    <section className="band" aria-labelledby="together">
      <div className="band-head">
        <h2 id="together">Who is here, live</h2>
        <p>Open this page in a second window: you are two visitors then.</p>
      </div>
      <div className="together">
        {stage ? (
          <HalyardProvider client={stage.you.client}>
            <StageCanvas stage={stage} />
          </HalyardProvider>
        ) : (
          <CanvasFrame>
            <div className="canvas-area" />
          </CanvasFrame>
        )}
        <StageTabs stage={stage} onRestart={onRestart} />
      </div>
    </section>
  );
}

function StageCanvas({ stage }: { readonly stage: Stage }) {
  const { cursor, talk, visit } = stage;
  const watch = useCallback(
    (element: HTMLElement | null) => {
      if (!element) return undefined;
      const observer = new IntersectionObserver(
        ([entry]) => (cursor.isWatched = entry?.isIntersecting === true),
      );
      observer.observe(element);
      return () => observer.disconnect();
    },
    [cursor],
  );
  return <Canvas visit={visit} onElement={watch} tools={<TalkButton talk={talk} />} />;
}

const NO_DEVICES = createStore([]);
const NOT_OVER = createStore(false);
const NOT_CONNECTED = createStore(undefined);

function StageTabs({ stage, onRestart }: TogetherProps) {
  const devices = useStore(stage?.you.devices ?? NO_DEVICES);
  const about = useStore(stage?.you.about ?? NOT_CONNECTED);
  const isOver = useStore(stage?.isOver ?? NOT_OVER);
  return (
    <OnePerson devices={isOver ? [] : devices} ownId={about?.connectionId}>
      <SignOut stage={stage} onRestart={onRestart} />
    </OnePerson>
  );
}
