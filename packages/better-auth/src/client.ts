// The browser's half of the `halyard()` plugin: the package's second entry, "@halyard/better-auth/client".
// The application calls it; `createWebSocketClient` calls the function that `ticketFrom` returns, once per attempt.
// Guarantees that no ticket is used twice: each call fetches a new one.
import type { BetterAuthClientPlugin } from "better-auth/client";
import type { halyard } from "./plugin.ts";

/**
 * The client plugin that belongs to `halyard()`: adds `authClient.halyard.ticket()`.
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
      | {
          readonly data: null;
          readonly error: {
            readonly status: number;
            readonly statusText?: string | undefined;
            readonly message?: string | undefined;
          };
        }
    >;
  };
}

/**
 * The server rejected the request for a ticket, or a page answered in its place (`status` 200). With `status` 401 or 403 the
 * WebSocket client stops in the state `authRequired`; after any other status it tries again later.
 */
export class TicketError extends Error {
  override readonly name = "TicketError";
  /** The HTTP status of the server's response. */
  readonly status: number;

  constructor(status: number) {
    super(`The server gave no ticket: HTTP status ${status}.`);
    this.status = status;
  }
}

/**
 * Makes the function that `createWebSocketClient` takes as `ticket`: it fetches a new ticket for each attempt.
 *
 * @throws TicketError (from the returned function) when the server rejects the request; without a network, the error of
 *   `fetch`; an Error for a 401 or 403 that is not Better Auth's, after which the client tries again
 * @example
 * createWebSocketClient({ url, ticket: ticketFrom(authClient) });
 */
export function ticketFrom(authClient: TicketSource): () => Promise<string> {
  return async () => {
    const { data, error } = await authClient.halyard.ticket();
    // Better Auth's client takes any answer with a status of success, also a page.
    if (typeof data?.ticket === "string") return data.ticket;
    const { status, statusText, message } = error ?? { status: 200 };
    // Better Auth's answers have a message. A 401 or 403 without one is a page of a proxy, and says nothing about the session.
    if ((status === 401 || status === 403) && statusText !== undefined && message === undefined)
      throw new Error(`Something else than Better Auth refused a ticket: HTTP status ${status}.`);
    throw new TicketError(status);
  };
}
