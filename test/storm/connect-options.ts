import { ORIGIN } from "../fixtures/identity.ts";

/** The URL of the fixture application, and the headers of a user who is signed in there by its cookie. */
export function connectOptions(
  port: number,
  user: string,
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  return { url: `ws://127.0.0.1:${String(port)}/ws`, headers: { cookie: `session=${user}`, origin: ORIGIN } };
}
