import type { AuthContext } from "better-auth";
import { observeMemberships } from "./membership-changes.ts";
import { observeStore } from "./store-changes.ts";
import type { StoreObserver } from "./store-changes.ts";

/**
 * Observes an instance of Better Auth for as long as it exists, from a plugin's `init` on. Better Auth makes the internal
 * adapter that its endpoints use only after the `init` of the last plugin, so each one that it sets is observed.
 */
export function observeInstance(context: AuthContext, observer: StoreObserver): void {
  const observed = new WeakSet<object>();
  const observe = (): void => {
    if (!observed.has(context.adapter)) observeMemberships(context, observer.listener);
    observed.add(context.adapter);
    if (!observed.has(context.internalAdapter)) observeStore(context, observer);
    observed.add(context.internalAdapter);
  };
  let current = context.internalAdapter;
  Object.defineProperty(context, "internalAdapter", {
    configurable: true,
    enumerable: true,
    get: () => current,
    // The contexts of requests are copies with this property: one that is set there is that request's own.
    set(this: AuthContext, value: AuthContext["internalAdapter"]) {
      if (this !== context) {
        const own = { value, configurable: true, enumerable: true, writable: true };
        Object.defineProperty(this, "internalAdapter", own);
        return;
      }
      current = value;
      observe();
    },
  });
  observe();
}
