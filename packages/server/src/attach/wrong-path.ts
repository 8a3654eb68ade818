import { printableAscii } from "@halyard/protocol/internal";

const MAX_PATH_LENGTH = 80;

/** The log line for a client that requested a path which nothing serves. */
export function wrongPathLine(
  pathname: string,
  { paths, write }: { readonly paths: readonly string[]; readonly write: string },
): string {
  const asked = printableAscii(pathname, MAX_PATH_LENGTH);
  return `a client asked for a WebSocket at ${asked}, which nothing serves: the path is ${paths.join(" or ")}. Change the url of the client, or write ${write}`;
}
