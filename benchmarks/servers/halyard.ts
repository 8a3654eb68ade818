/** The application on Halyard, the same on both runtimes. */
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { Found, lookUp, LookUp, Post } from "./domain.ts";
import { raisedLimits } from "./raised-limits.ts";

const protocol = defineProtocol({
  clientMessages: { post: message(Post) },
  serverMessages: { posted: message(Post) },
  requests: { look_up: request({ input: LookUp, output: Found }) },
});

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
