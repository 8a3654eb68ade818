import { useEffect, useState } from "react";
import { Logo } from "../components/logo.tsx";
import { isServerThere, serverOrigin } from "../lib/server-url.ts";

/** Shown if the session cannot be loaded: the server is down or, in development, rejects the origin of this page. */
export function Unreachable({ onRetry }: { readonly onRetry: () => void }) {
  const [isOriginRejected, setIsOriginRejected] = useState(false);
  const isForeign = serverOrigin() !== location.origin;

  useEffect(() => {
    // The page cannot distinguish a rejected CORS request from a server that is down. A request without CORS can.
    if (isForeign) void isServerThere().then(setIsOriginRejected);
  }, [isForeign]);

  return (
    <main className="splash">
      <div className="splash-card" role="alert">
        <Logo size={40} />
        {isOriginRejected ? <OriginRejected /> : <p>The server does not answer. Is it running?</p>}
        <button type="button" className="button primary" onClick={onRetry}>
          Try again
        </button>
      </div>
    </main>
  );
}

function OriginRejected() {
  return (
    <>
      <p>
        The server at <code>{serverOrigin()}</code> runs, but does not know this page. Start it with
      </p>
      <pre data-testid="origin-help">ALLOWED_ORIGINS={location.origin}</pre>
    </>
  );
}
