import { useEffect, useState } from "react";
import { createWebSocketClient } from "@halyard/client";
import type { Device } from "../../shared/device.ts";
import type { Visit } from "../../shared/visit.ts";
import { VISIT_SOCKET_PATH } from "../../shared/visit.ts";
import type { VisitProtocol } from "../../shared/visit-protocol.ts";
import { Logo } from "../components/logo.tsx";
import { DeviceList, tabsText } from "../components/device-list.tsx";
import { serverOrigin } from "../lib/server-url.ts";
import { HalyardProvider, useClient, useConnection, useMessage } from "./halyard.ts";
import { reportSignedOut } from "./model/other-tabs.ts";
import { recallVisit } from "./model/visit-memory.ts";
import { Canvas } from "./parts/canvas.tsx";

/** Another tab of a visit: the same user with another connection. */
export function TabPage() {
  const [visit] = useState(recallVisit);
  return (
    <div className="tab-page">
      <header className="tab-brand">
        <Logo size={32} />
        Halyard
      </header>
      <main>{visit ? <Tab visit={visit} /> : <TabWithoutVisit />}</main>
    </div>
  );
}

function Tab({ visit }: { readonly visit: Visit }) {
  const [client] = useState(() =>
    createWebSocketClient<VisitProtocol>({
      url: `${serverOrigin().replace(/^http/, "ws")}${VISIT_SOCKET_PATH}`,
      ticket: () => visit.tickets.you,
      // The provider connects the client.
      autoConnect: false,
    }),
  );
  return (
    <HalyardProvider client={client}>
      <TabView visit={visit} />
    </HalyardProvider>
  );
}

function TabView({ visit }: { readonly visit: Visit }) {
  const { devices, ownId } = useOwnDevices();
  const isSignedOut = useConnection(({ status }) => status === "authRequired");
  useEffect(() => {
    if (isSignedOut) reportSignedOut(visit.room);
  }, [isSignedOut, visit]);
  if (isSignedOut) return <SignedOut />;
  return (
    <>
      <div className="tab-head">
        <h1>Another tab, the same person</h1>
        <p>
          Move in this canvas: your one cursor moves in both tabs. Sign out in the first tab: this one is
          signed out, too.
        </p>
      </div>
      <div className="together">
        <Canvas visit={visit} />
        <section className="card one-person" aria-labelledby="own-tabs">
          <h2 id="own-tabs">
            You · <span data-testid="tabs">{tabsText(devices.length)}</span>
          </h2>
          <DeviceList devices={devices} ownId={ownId} />
        </section>
      </div>
    </>
  );
}

function SignedOut() {
  return (
    <div className="tab-head" role="status" data-testid="signed-out">
      <h1>Signed out</h1>
      <p>
        <strong>Sign out everywhere</strong> was pressed in another tab of this visit, or the visit was an
        hour old. The server has closed the socket of this tab together with those of all others; it lets none
        of them in again. The first tab shows how long that took.
      </p>
      <p>To come back, start another visit: you and Grace are connected at once, without an account.</p>
      <a className="button primary" href="/">
        Start another visit
      </a>
    </div>
  );
}

function TabWithoutVisit() {
  return (
    <div className="tab-head">
      <h1>This tab belongs to no visit</h1>
      <p>Open a tab of your visit with the button on the front page.</p>
      <a className="button primary" href="/">
        Go to the front page
      </a>
    </div>
  );
}

/** The open connections of the user, and the id of that of this page. */
function useOwnDevices(): { devices: readonly Device[]; ownId: string | undefined } {
  const client = useClient();
  const [devices, setDevices] = useState<readonly Device[]>([]);
  const [ownId, setOwnId] = useState<string>();
  const isOpen = useConnection(({ status }) => status === "open");
  useMessage("devices", (message) => setDevices(message.devices));
  useEffect(() => {
    if (!isOpen) return;
    client.request("about_connection").then(
      (about) => {
        setDevices(about.devices);
        setOwnId(about.connectionId);
      },
      // The connection has ended. The next one sends the request again.
      () => undefined,
    );
  }, [client, isOpen]);
  return { devices, ownId };
}
