import { defineProtocol, request } from "@halyard/protocol";
import { z } from "zod";

/** Chat is built in; requests are the application's. */
export const protocol = defineProtocol({
  requests: { echo: request({ input: z.string(), output: z.string() }) },
});
