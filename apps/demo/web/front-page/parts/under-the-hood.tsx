import { Disclosure } from "../../components/disclosure.tsx";
import { Icon } from "../../components/icon.tsx";
import { useStore } from "./use-store.ts";
import type { LoggedFrame } from "../model/frame-log.ts";
import type { PaneSession } from "../model/pane-session.ts";
import type { Stage } from "../model/stage.ts";

/** A drawer with the live frames and the connection figures of each client. */
export function UnderTheHood({ stage }: { readonly stage: Stage }) {
  return (
    <div className="hood">
      <Disclosure
        className="hood-toggle"
        contentClass="hood-panes"
        testId="hood-toggle"
        label={
          <>
            <Icon name="eye" />
            <span>Under the hood</span>
            <small>frames, positions, queues, attempts, round trip</small>
          </>
        }
      >
        {[stage.you, stage.companion].map((pane) => (
          <PaneHood key={pane.guest} pane={pane} />
        ))}
      </Disclosure>
    </div>
  );
}

function PaneHood({ pane }: { readonly pane: PaneSession }) {
  const name = pane.guest === "you" ? "You" : "Grace";
  return (
    <section className="hood-pane" aria-label={`Under the hood: ${name}`} data-testid={`hood-${pane.guest}`}>
      <h3>{name}</h3>
      <Figures pane={pane} />
      <Frames pane={pane} name={name} />
    </section>
  );
}

function Figures({ pane }: { readonly pane: PaneSession }) {
  const { attempts, roundTripMs, positions } = useStore(pane.log.figures);
  const queue = useStore({
    get: () => pane.client.stores.queue.get(),
    subscribe: pane.client.stores.queue.subscribe,
  });
  const about = useStore(pane.about);
  const devices = useStore(pane.devices);
  const { epoch = "–", offset } = positions[`room:${pane.room.name}`] ?? {};
  const figures = [
    ["Node", about?.node ?? "one only"],
    ["Tabs", devices.length || "–"],
    ["Attempts", attempts],
    ["Round trip", roundTripMs === undefined ? "–" : `${roundTripMs.toFixed(1)} ms`],
    ["Waiting", queue.queued],
    ["Unacknowledged", queue.unacknowledged],
    ["Epoch of the room", epoch],
    ["Offset in it", offset ?? "–"],
  ] as const;
  return (
    <dl className="figures">
      {figures.map(([title, value]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Frames({ pane, name }: { readonly pane: PaneSession; readonly name: string }) {
  const frames = useStore(pane.log.frames);
  return (
    <div className="frames" tabIndex={0} role="group" aria-label={`Frames of ${name}, the newest first`}>
      <ol>
        {frames.toReversed().map((frame) => (
          <FrameItem key={frame.id} frame={frame} />
        ))}
      </ol>
    </div>
  );
}

function FrameItem({ frame: { direction, text, count } }: { readonly frame: LoggedFrame }) {
  return (
    <li data-direction={direction}>
      <span className="frame-arrow" aria-hidden="true">
        {direction === "sent" ? "↑" : "↓"}
      </span>
      <span className="sr-only">{direction}</span>
      <code>{text}</code>
      {count > 1 && <span className="frame-count">×{count}</span>}
    </li>
  );
}
