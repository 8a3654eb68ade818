import { defineProtocol, message, request } from "@halyard/protocol";
import { Found, LookUp, Post } from "./domain.ts";

/** What Halyard's servers and page speak. */
export const protocol = defineProtocol({
  clientMessages: { post: message(Post) },
  serverMessages: { posted: message(Post) },
  requests: { look_up: request({ input: LookUp, output: Found }) },
});
