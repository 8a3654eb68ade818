import type { Device } from "../../shared/device.ts";
import { formatTime } from "../lib/format-time.ts";
import { Icon } from "./icon.tsx";

interface DeviceListProps {
  readonly devices: readonly Device[];
  /** The id of the connection of this page. */
  readonly ownId: string | undefined;
}

/** The last characters, because the ids of a node begin with the same ones. */
const SHOWN_ID_LENGTH = 8;

/** The open connections of the user of this page: one per tab, on any node. */
export function DeviceList({ devices, ownId }: DeviceListProps) {
  return (
    <ul className="devices" aria-label="Your open tabs" data-testid="devices">
      {devices.map(({ id, browser, node, since }) => (
        <li key={id} data-own={id === ownId || undefined} data-testid="device">
          <Icon name="monitor" />
          <div>
            <p>
              {browser}
              {id === ownId && <span className="mark-role you">this tab</span>}
            </p>
            <small>
              since {formatTime(since)}
              {node !== undefined && ` · on ${node}`} · <code>{id.slice(-SHOWN_ID_LENGTH)}</code>
            </small>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** "1 tab", "3 tabs" */
export function tabsText(count: number): string {
  return count === 1 ? "1 tab" : `${count} tabs`;
}
