import type { ReactNode } from "react";
import { SourceLines } from "./source-lines.tsx";

interface CanvasFrameProps {
  readonly who?: ReactNode;
  readonly tools?: ReactNode;
  /** The canvas itself. */
  readonly children: ReactNode;
}

/** The frame around the canvas, which has the same size with and without a visit. */
export function CanvasFrame({ who, tools, children }: CanvasFrameProps) {
  return (
    <div className="card canvas">
      <div className="canvas-bar">
        <div className="canvas-who">{who}</div>
        <div className="canvas-tools">{tools}</div>
      </div>
      {children}
      <div className="canvas-code">
        <code>
          onPointerMove = ({"{ x, y }"}) =&gt; <b>updatePresence</b>({"{ cursor: { x, y } }"})
        </code>
        <SourceLines excerpt="cursors" title="Shared cursors" />
      </div>
    </div>
  );
}
