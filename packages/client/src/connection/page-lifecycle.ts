import type { Unsubscribe } from "../common/emitter.ts";
import type { PageEvents } from "../options.ts";

export interface PageCallbacks {
  /** The page or the network is back. */
  wake(): void;
  /** The page is hidden, and the browser may keep it for the back button. */
  hide(): void;
  /** The page is shown, for the first time or again. */
  show(): void;
}

/**
 * Subscribes to the events that show a page sleeping and waking. A worker has only `online`, Node and Bun have none.
 * `offline` is not used, because a connection often continues to work.
 */
export function watchPage(page: PageEvents, callbacks: PageCallbacks): Unsubscribe {
  const wake = () => callbacks.wake();
  const wakeIfVisible = () => {
    // A worker has no document and is never hidden.
    const { document } = globalThis as { document?: Document };
    if (document?.visibilityState !== "hidden") wake();
  };
  const listeners = {
    visibilitychange: wakeIfVisible,
    resume: wake,
    online: wake,
    pagehide: () => callbacks.hide(),
    pageshow: () => callbacks.show(),
  };
  const forEachEvent = (method: keyof PageEvents) => {
    // In the capture phase, because `resume` is an event of the document and does not bubble. workerd does not support it and throws.
    for (const [type, listener] of Object.entries(listeners))
      page[method](type, listener, "document" in globalThis);
  };
  forEachEvent("addEventListener");
  return () => forEachEvent("removeEventListener");
}
