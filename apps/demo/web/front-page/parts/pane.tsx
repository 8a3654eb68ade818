import { useEffect, useRef } from "react";
import { useStore } from "./use-store.ts";
import { HalyardProvider, useConnection, useMessages, useTyping } from "../halyard.ts";
import type { Companion } from "../model/companion.ts";
import type { Stage } from "../model/stage.ts";
import type { PaneSession } from "../model/pane-session.ts";
import { LineComposer } from "./line-composer.tsx";
import type { LineEntry } from "./line-list.tsx";
import { LineList } from "./line-list.tsx";
import { PaneHeader } from "./pane-header.tsx";

interface PaneProps {
  readonly stage: Stage;
  readonly pane: PaneSession;
  /** The lines of the companion, for the pane of the companion. */
  readonly talk?: Companion;
}

/** One of the two panes: the view of one guest. */
export function Pane(props: PaneProps) {
  return (
    <HalyardProvider client={props.pane.client}>
      <PaneView {...props} />
    </HalyardProvider>
  );
}

function PaneView({ stage, pane, talk }: PaneProps) {
  const { name } = pane.room;
  const { entries, send, retry } = useMessages("line", { room: name, load: pane.loadHistory, limit: 120 });
  const typing = useTyping(name);
  // Without a connection, the list of users who type is outdated.
  const isOpen = useConnection(({ status }) => status === "open");
  const isSignedOut = useConnection(({ status }) => status === "authRequired");
  const verdicts = useStore(pane.verdicts);
  const recovered = useStore(pane.recovered);
  useEffect(() => {
    pane.send = send;
    return () => (pane.send = undefined);
  }, [pane, send]);
  useRetry(pane, entries, retry);
  return (
    <section
      className="pane"
      aria-label={talk ? "Grace, the companion" : "You"}
      data-testid={`pane-${pane.guest}`}
    >
      <PaneHeader stage={stage} pane={pane} talk={talk} />
      <LineList guest={pane.guest} entries={entries} recovered={recovered} verdicts={verdicts} />
      <p className="pane-typing">
        {isOpen && typing.users.length > 0 && (talk ? "You are typing …" : "Grace is typing …")}
      </p>
      {!talk && (
        <LineComposer
          isDisabled={isSignedOut}
          onWrite={(text) => pane.write(text)}
          onInput={typing.onInput}
        />
      )}
    </section>
  );
}

/**
 * Sends the lines without a certain result again: those that were not sent, and those that a killed server may have stored.
 * First asks the server whether it has the line, which has a number.
 */
function useRetry(pane: PaneSession, entries: readonly LineEntry[], retry: (id: string) => void): void {
  const underWay = useRef(new Set<string>());
  useEffect(() => {
    for (const { id, status, message } of entries) {
      if (underWay.current.has(id)) continue;
      if (status === "expired") retry(id);
      if (status !== "unknown") continue;
      underWay.current.add(id);
      pane.hasStored(message.number).then(
        (isStored) => {
          if (!isStored) retry(id);
        },
        // The connection has ended. The next change of the list asks again.
        () => underWay.current.delete(id),
      );
    }
  }, [pane, entries, retry]);
}
