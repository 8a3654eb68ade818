import { Logo } from "./logo.tsx";

/** For the moment in which nobody knows yet who is here. It fades in late: mostly it is never seen. */
export function Splash() {
  return (
    <main className="splash" aria-busy="true" aria-label="Loading">
      <Logo size={48} />
    </main>
  );
}
