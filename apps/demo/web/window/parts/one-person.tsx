import { useState } from "react";
import type { ReactNode } from "react";
import type { Device } from "../../../shared/device.ts";
import { DeviceList, tabsText } from "../../components/device-list.tsx";
import { Icon } from "../../components/icon.tsx";
import { TAB_ADDRESS } from "../model/visit-memory.ts";

interface OnePersonProps {
  readonly devices: readonly Device[];
  readonly ownId: string | undefined;
  /** The way to sign out. */
  readonly children: ReactNode;
}

/** The visitor as one person, however many tabs are open: their number, which opens to the list of them. */
export function OnePerson({ devices, ownId, children }: OnePersonProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="card one-person">
      <h3>One person, many tabs</h3>
      <p>Open this visit in another tab: Grace still sees one of you, with one cursor.</p>
      <button
        type="button"
        className="person-toggle"
        aria-expanded={isOpen}
        aria-controls="devices"
        onClick={() => setOpen(!isOpen)}
        data-testid="devices-toggle"
      >
        <span className="avatar" data-hue={0} aria-hidden="true">
          Y
        </span>
        <span>
          You · <span data-testid="tabs">{devices.length === 0 ? "no tab" : tabsText(devices.length)}</span>
        </span>
        <Icon name="chevron" />
      </button>
      <div id="devices" hidden={!isOpen}>
        {isOpen && <DeviceList devices={devices} ownId={ownId} />}
      </div>
      <div className="one-person-actions">
        {/* With its opener, so that the browser copies the visit to it. */}
        <a className="button small" href={TAB_ADDRESS} target="_blank" rel="opener" data-testid="another-tab">
          <Icon name="plus" />
          Another tab
        </a>
        {children}
      </div>
    </div>
  );
}
