import type { ReactNode } from "react";
import type { Device } from "../../../shared/device.ts";
import { DeviceList, tabsText } from "../../components/device-list.tsx";
import { Disclosure } from "../../components/disclosure.tsx";
import { Icon } from "../../components/icon.tsx";
import { TAB_ADDRESS } from "../model/visit-memory.ts";

interface OnePersonProps {
  readonly devices: readonly Device[];
  readonly ownId: string | undefined;
  /** The button that signs out. */
  readonly children: ReactNode;
}

/** The number of open tabs of the visitor, which opens the list of them. */
export function OnePerson({ devices, ownId, children }: OnePersonProps) {
  return (
    <div className="card one-person">
      <h3>One person, many tabs</h3>
      <p>Open this visit in another tab: Grace still sees you once, with one cursor.</p>
      <Disclosure
        className="person-toggle"
        testId="devices-toggle"
        label={<PersonLabel count={devices.length} />}
      >
        <DeviceList devices={devices} ownId={ownId} />
      </Disclosure>
      <div className="one-person-actions">
        {/* With `opener`, so that the browser copies the visit to the new tab. */}
        <a className="button small" href={TAB_ADDRESS} target="_blank" rel="opener" data-testid="another-tab">
          <Icon name="plus" />
          Another tab
        </a>
        {children}
      </div>
    </div>
  );
}

function PersonLabel({ count }: { readonly count: number }) {
  return (
    <>
      <span className="avatar" data-hue={0} aria-hidden="true">
        Y
      </span>
      <span>
        You · <span data-testid="tabs">{count === 0 ? "no tab" : tabsText(count)}</span>
      </span>
    </>
  );
}
