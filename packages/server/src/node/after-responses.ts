import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Waits until earlier requests on the same connection are answered, because a client may pipeline an upgrade after them. */
export function afterResponses(socket: Duplex, next: () => void): void {
  const { _httpMessage: response } = socket as { readonly _httpMessage?: ServerResponse | null };
  if (response) {
    response.once("close", () => {
      afterResponses(socket, next);
    });
  } else next();
}
