import { defineProtocol, message, request } from "@halyard/protocol";
import { UserDetails, GetUser, Post } from "./domain.ts";

/** The contract of the Halyard servers, and of the client in the page. */
export const protocol = defineProtocol({
  clientMessages: { post: message(Post) },
  serverMessages: { posted: message(Post) },
  requests: { get_user: request({ input: GetUser, output: UserDetails }) },
});
