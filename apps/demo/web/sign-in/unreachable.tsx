import { useEffect, useState } from "react";
import { Logo } from "../components/logo.tsx";
import { isServerThere, serverOrigin } from "../lib/server-url.ts";

/** No answer from the server: it is not there, or (in development) does not know this page's origin. */
export function Unreachable({ onRetry }: { readonly onRetry: () => void }) {
  const [isRefused, setIsRefused] = useState(false);
  const isForeign = serverOrigin() !== location.origin;

  useEffect(() => {
    // A browser does not tell a refusal from silence; a request whose answer nobody reads does.
    if (isForeign) void isServerThere().then(setIsRefused);
  }, [isForeign]);

  return (
    <main className="splash">
      <div className="splash-card" role="alert">
        <Logo size={40} />
        {isRefused ? <Refused /> : <p>The server does not answer. Is it running?</p>}
        <button type="button" className="button primary" onClick={onRetry}>
          Try again
        </button>
      </div>
    </main>
  );
}

function Refused() {
  return (
    <>
      <p>
        The server at <code>{serverOrigin()}</code> runs, but does not know this page. Start it with
      </p>
      <pre data-testid="origin-help">ALLOWED_ORIGINS={location.origin}</pre>
    </>
  );
}
