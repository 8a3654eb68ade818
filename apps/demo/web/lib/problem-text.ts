const NO_SERVER = "The server does not answer. Please try again when you are online.";

/** What the user reads in place of the text of an error, which is for developers. */
const TEXTS: Readonly<Record<string, string>> = {
  timeout: NO_SERVER,
  unavailable: NO_SERVER,
  rate_limited: "Too many attempts. Please wait a moment.",
  forbidden: "You are not allowed to do that.",
};

/** An error in words for the user. */
export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return "That has failed. Please try again.";
  const text = "code" in error ? TEXTS[String(error.code)] : undefined;
  return text ?? error.message;
}

/** @throws Error without a connection: a request would wait for one, and its user with it */
export function assertOnline({ state }: { readonly state: { readonly status: string } }): void {
  if (state.status !== "open") throw new Error(NO_SERVER);
}
