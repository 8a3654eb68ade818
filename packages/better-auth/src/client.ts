import type { BetterAuthClientPlugin } from "better-auth/client";
import type { halyard } from "./plugin.ts";

/**
 * The browser's side of the `halyard()` plugin: adds `authClient.halyard.ticket()`.
 *
 * @example
 * const authClient = createAuthClient({ plugins: [halyardClient()] });
 */
export function halyardClient() {
  return {
    id: "halyard",
    $InferServerPlugin: {} as ReturnType<typeof halyard>,
    pathMethods: { "/halyard/ticket": "POST" },
  } satisfies BetterAuthClientPlugin;
}

/** The part of a Better Auth client with {@link halyardClient} that fetches tickets. */
export interface TicketSource {
  readonly halyard: {
    ticket(): Promise<
      | { readonly data: { readonly ticket: string }; readonly error: null }
      | { readonly data: null; readonly error: { readonly status: number } }
    >;
  };
}

/** A refused ticket. With `status` 401 or 403 the client stops at `authRequired`; anything else it tries again later. */
export class TicketError extends Error {
  override readonly name = "TicketError";
  readonly status: number;

  constructor(status: number) {
    super(`The server refused a ticket with HTTP status ${status}.`);
    this.status = status;
  }
}

/**
 * What `createWebSocketClient` wants as `ticket`: fetches a new one each time.
 *
 * @throws TicketError when the server refuses; whatever `fetch` throws when there is no network
 * @example
 * createWebSocketClient({ url, ticket: ticketFrom(authClient) });
 */
export function ticketFrom(authClient: TicketSource): () => Promise<string> {
  return async () => {
    const { data, error } = await authClient.halyard.ticket();
    if (data !== null) return data.ticket;
    throw new TicketError(error.status);
  };
}
