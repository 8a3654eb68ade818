import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** A client may send an upgrade right behind requests that are not answered yet: their responses go first. */
export function afterResponses(socket: Duplex, next: () => void): void {
  const { _httpMessage: response } = socket as { readonly _httpMessage?: ServerResponse | null };
  if (response) {
    response.once("close", () => {
      afterResponses(socket, next);
    });
  } else next();
}
