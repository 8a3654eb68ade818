import { defineProtocol, message, request } from "@halyard/protocol";
import { z } from "zod";
import { Direct, UserDetails, GetUser, Post } from "./domain.ts";

const DirectMessage = z.object({
  id: z.string(),
  content: z.string(),
  from: z.object({ userId: z.string() }),
  sentAt: z.string(),
});

/** The contract of the Halyard servers, and of the client in the page. */
export const protocol = defineProtocol({
  clientMessages: { post: message(Post), direct: message(Direct) },
  serverMessages: { posted: message(Post), direct_message: message(DirectMessage) },
  requests: { get_user: request({ input: GetUser, output: UserDetails }) },
});
