import type { Unsubscribe } from "../common/emitter.ts";

/** Where a page tells that it sleeps and wakes: `globalThis` in a browser. */
export interface PageEvents {
  addEventListener(type: string, listener: () => void, capture: boolean): void;
  removeEventListener(type: string, listener: () => void, capture: boolean): void;
}

export interface PageHandlers {
  wake(): void;
  hide(): void;
  show(): void;
}

/**
 * Listens for the page's sleep and its awakening. A worker knows of `online` only, Node and Bun of nothing.
 * `offline` is of no interest: a connection often works on.
 */
export function watchPage(page: PageEvents, handlers: PageHandlers): Unsubscribe {
  const wake = () => handlers.wake();
  const seen = () => {
    // A worker has no document, and is never hidden.
    const { document } = globalThis as { document?: Document };
    if (document?.visibilityState !== "hidden") wake();
  };
  const events = {
    visibilitychange: seen,
    resume: wake,
    online: wake,
    pagehide: () => handlers.hide(),
    pageshow: () => handlers.show(),
  };
  const all = (method: keyof PageEvents) => {
    // In the capture phase, because `resume` is the document's own and does not bubble.
    for (const [type, listener] of Object.entries(events)) page[method](type, listener, true);
  };
  all("addEventListener");
  return () => all("removeEventListener");
}
