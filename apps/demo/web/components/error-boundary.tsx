import type { ReactNode } from "react";
import { Component } from "react";
import { Logo } from "./logo.tsx";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** Shows a page with a button to reload after an error while rendering, in place of an empty page. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main className="splash">
        <div className="splash-card" role="alert" data-testid="failure">
          <Logo size={40} />
          <p>The page has failed. A reload keeps your messages and drafts.</p>
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </main>
    );
  }
}
