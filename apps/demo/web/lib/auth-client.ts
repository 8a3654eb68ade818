import { adminClient, anonymousClient } from "better-auth/client/plugins";
import { createAuthClient } from "better-auth/react";
import { serverOrigin } from "./server-url.ts";

export const authClient = createAuthClient({
  baseURL: serverOrigin(),
  // The page may be on another port than the server, and cookies travel only when asked to.
  fetchOptions: { credentials: "include" },
  plugins: [anonymousClient(), adminClient()],
});
