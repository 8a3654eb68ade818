import { useSyncExternalStore } from "react";

/** The page to show: the front page, another tab of a visit, or the chat with its sign-in form. */
export type ShownPage = "front" | "tab" | "chat";

/** The storage key that marks a session, because scripts cannot read the cookie. public/theme.js reads it, too. */
const SIGNED_IN = "halyard-demo-signed-in";

/** The page for the address. An address with the name of a room belongs to the chat. */
export function useShownPage(): ShownPage {
  return useSyncExternalStore(subscribe, read, () => "front");
}

/** Stores for the next load whether this browser has a session. */
export function rememberSession(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(SIGNED_IN, "1");
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // The browser may forbid storage. The next load then shows the front page.
  }
}

/** Shows the front page in place of the chat, at an address without a room. */
export function showFrontPage(): void {
  if (read() === "front") return;
  document.documentElement.dataset["page"] = "front";
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

function read(): ShownPage {
  const { page } = document.documentElement.dataset;
  return page === "front" || page === "tab" ? page : "chat";
}
