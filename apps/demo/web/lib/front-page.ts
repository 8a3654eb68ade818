import { useSyncExternalStore } from "react";

/** What the page shows: the shop window, another tab of a visit, or the chat with its sign-in form. */
export type FrontPage = "window" | "tab" | "chat";

/** Set while a session is known to exist, because scripts cannot read the cookie itself. public/theme.js reads it, too. */
const SIGNED_IN = "halyard-demo-signed-in";

/** The page for this address: one with the name of a room is the chat's. */
export function useFrontPage(): FrontPage {
  return useSyncExternalStore(subscribe, read, () => "window");
}

/** Remembers for the next visit whether this browser has a session. */
export function rememberSession(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(SIGNED_IN, "1");
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // Storage may be forbidden: then the shop window comes first, and its button leads to the chat.
  }
}

/** Leaves the chat for the shop window, at an address that names no room. */
export function showShopWindow(): void {
  document.documentElement.dataset["page"] = "window";
  dispatchEvent(new Event("hashchange"));
}

function subscribe(listener: () => void): () => void {
  const update = () => {
    if (location.hash.length > 1) document.documentElement.dataset["page"] = "chat";
    listener();
  };
  addEventListener("hashchange", update);
  return () => removeEventListener("hashchange", update);
}

function read(): FrontPage {
  const { page } = document.documentElement.dataset;
  return page === "window" || page === "tab" ? page : "chat";
}
