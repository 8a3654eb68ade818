import { adminClient, anonymousClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { serverOrigin } from "./server-url.ts";

export const authClient = createAuthClient({
  baseURL: serverOrigin(),
  // The page may have another port than the server; cookies are then sent only with this option.
  fetchOptions: { credentials: "include" },
  plugins: [anonymousClient(), adminClient()],
});

/** The channel to the other tabs. Better Auth tells them of a sign-out, but not of a sign-in. */
const signIns = new BroadcastChannel("halyard-demo-sign-in");
signIns.onmessage = () => authClient.$store.notify("$sessionSignal");

/** Lets the other tabs read the session again. */
export function announceSignIn(): void {
  signIns.postMessage("");
}
