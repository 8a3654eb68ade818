/** The application on Halyard, the same on both runtimes. */
import { createWebSocketSystem } from "@halyard/server";
import { protocol } from "./contract.ts";
import { lookUp } from "./domain.ts";
import { raisedLimits } from "./raised-limits.ts";

export const { manager, handlers } = createWebSocketSystem({
  protocol,
  authenticate: ({ url }) => ({
    user: { id: new URLSearchParams(url.split("?")[1]).get("user") ?? "nobody" },
  }),
  authorize: () => true,
  limits: raisedLimits,
});

handlers
  .on("post", ({ text }) => manager.broadcastMessage({ type: "posted", text }))
  .onRequest("look_up", (input) => lookUp(input));
