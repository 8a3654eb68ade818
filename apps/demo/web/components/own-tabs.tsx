import { useOwnTabs } from "../chat/use-tabs.ts";
import { authClient } from "../lib/auth-client.ts";
import { useToasts } from "../lib/toasts.ts";
import { DeviceList, tabsText } from "./device-list.tsx";
import { Disclosure } from "./disclosure.tsx";
import { Icon } from "./icon.tsx";

/** The open tabs of the user of this page, with a button that signs all of them out. Other users see only their number. */
export function OwnTabs() {
  const { devices, ownId } = useOwnTabs();
  if (devices.length === 0) return null;
  return (
    <Disclosure
      className="own-tabs-toggle"
      contentClass="own-tabs-list"
      testId="own-tabs"
      label={tabsText(devices.length)}
    >
      <DeviceList devices={devices} ownId={ownId} />
      <SignOutEverywhere />
    </Disclosure>
  );
}

/** Ends every session of the account at Better Auth. Halyard then closes their sockets, with that of this page. */
function SignOutEverywhere() {
  const toasts = useToasts();
  const signOut = async () => {
    const { error } = await authClient.revokeSessions().catch((failure: unknown) => ({ error: failure }));
    if (error) toasts.show("The sign-out has failed. Please try again.");
  };
  return (
    <button
      type="button"
      className="button small"
      data-testid="sign-out-everywhere"
      onClick={() => void signOut()}
    >
      <Icon name="signOut" />
      Sign out everywhere
    </button>
  );
}
