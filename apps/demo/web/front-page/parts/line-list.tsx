import { Fragment, useLayoutEffect, useRef } from "react";
import type { Line } from "../../../shared/visit-protocol.ts";
import type { Guest } from "../../../shared/visit.ts";
import { Icon } from "../../components/icon.tsx";
import type { Recovery } from "../model/delivery-checker.ts";
import type { Verdict } from "../model/verdict.ts";
import { isGood, RECOVERY_TEXTS, verdictText } from "../model/verdict.ts";

export interface LineEntry {
  readonly id: string;
  readonly status: "sending" | "delivered" | "rejected" | "expired" | "unknown";
  readonly message: Pick<Line, "number" | "text"> & Partial<Line>;
}

interface LineListProps {
  readonly guest: Guest;
  readonly entries: readonly LineEntry[];
  readonly recovered: ReadonlyMap<string, Recovery>;
  readonly verdicts: readonly Verdict[];
}

const NEAR_BOTTOM_PX = 60;

/** The lines of both guests, with each verdict after the line that was the newest then. */
export function LineList({ guest, entries, recovered, verdicts }: LineListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isPinned = useRef(true);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && isPinned.current) element.scrollTop = element.scrollHeight;
  }, [entries, verdicts]);
  const onScroll = () => {
    const element = scroller.current;
    if (element)
      isPinned.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_BOTTOM_PX;
  };
  return (
    // Focusable, so that the list can be scrolled by keyboard.
    <div className="lines" ref={scroller} onScroll={onScroll} tabIndex={0} role="group" aria-label="Lines">
      <ol data-testid="lines">
        {entries.map((entry) => (
          <Fragment key={entry.id}>
            <LineItem
              entry={entry}
              isOwn={(entry.message.from ?? guest) === guest}
              how={recovered.get(entry.id)}
            />
            {verdicts
              .filter(({ afterId }) => afterId === entry.id)
              .map((verdict) => (
                <VerdictItem key={verdict.id} verdict={verdict} />
              ))}
          </Fragment>
        ))}
      </ol>
    </div>
  );
}

interface LineItemProps {
  readonly entry: LineEntry;
  readonly isOwn: boolean;
  readonly how: Recovery | undefined;
}

function LineItem({ entry: { id, status, message }, isOwn, how }: LineItemProps) {
  return (
    <li
      className="line"
      data-own={isOwn || undefined}
      data-status={status}
      data-recovered={how}
      data-id={id}
      data-testid="line"
    >
      <span className="line-number">{message.number}</span>
      <p dir="auto">{message.text}</p>
      {how !== undefined && (
        <span className="line-mark" title={RECOVERY_TEXTS[how]}>
          {how}
          <span className="sr-only">: {RECOVERY_TEXTS[how]}</span>
        </span>
      )}
      {isOwn && <LineStatus status={status} />}
    </li>
  );
}

function LineStatus({ status }: Pick<LineEntry, "status">) {
  const isDelivered = status === "delivered";
  const words = isDelivered ? "Delivered" : status === "rejected" ? "Rejected" : "Waiting";
  return (
    <span className="line-status" title={words}>
      <Icon name={isDelivered ? "check" : status === "rejected" ? "alert" : "clock"} />
      <span className="sr-only">{words}</span>
    </span>
  );
}

function VerdictItem({ verdict }: { readonly verdict: Verdict }) {
  return (
    <li className="verdict-item" data-good={isGood(verdict)} data-testid="verdict-item">
      <Icon name={isGood(verdict) ? "check" : "alert"} />
      <span>{verdictText(verdict)}</span>
    </li>
  );
}
