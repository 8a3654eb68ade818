import { Logo } from "./logo.tsx";

/** Shown until the session is loaded. Fades in after a delay, so that it is rarely visible. */
export function Splash() {
  return (
    <main className="splash" aria-busy="true" aria-label="Loading">
      <Logo size={48} />
    </main>
  );
}
