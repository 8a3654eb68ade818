import type { AuthContext } from "better-auth";
import { observeMemberships } from "./membership-changes.ts";
import { observeStore } from "./store-changes.ts";
import type { StoreObserver } from "./store-changes.ts";

/**
 * Observes an instance of Better Auth for its lifetime, from a plugin's `init` on. Better Auth creates the internal
 * adapter of its endpoints only after the `init` of the last plugin, so each adapter that it sets is observed.
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
    // Request contexts are copies that inherit this property; an adapter that is set there belongs to that request only.
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
