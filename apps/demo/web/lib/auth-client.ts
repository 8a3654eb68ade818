import { adminClient, anonymousClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { serverOrigin } from "./server-url.ts";

export const authClient = createAuthClient({
  baseURL: serverOrigin(),
  // The page may be on another port than the server, and cookies travel only when asked to.
  fetchOptions: { credentials: "include" },
  plugins: [anonymousClient(), adminClient()],
});

/** Better Auth tells the other tabs of a sign-out, but of no sign-in. */
const signIns = new BroadcastChannel("halyard-demo-sign-in");
signIns.onmessage = () => authClient.$store.notify("$sessionSignal");

/** Has the other tabs read the session. */
export function announceSignIn(): void {
  signIns.postMessage("");
}
