const NO_SERVER = "The server does not answer. Please try again when you are online.";

/** The texts for users in place of the messages of errors, which are for developers. */
const TEXTS: Readonly<Record<string, string>> = {
  timeout: NO_SERVER,
  unavailable: NO_SERVER,
  rate_limited: "Too many attempts. Please wait a moment.",
  forbidden: "You are not allowed to do that.",
};

/** The text of an error for the user. */
export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return "This did not work. Please try again.";
  const text = "code" in error ? TEXTS[String(error.code)] : undefined;
  return text ?? error.message;
}

/** @throws Error without a connection, because a request would wait for one */
export function assertOnline({ state }: { readonly state: { readonly status: string } }): void {
  if (state.status !== "open") throw new Error(NO_SERVER);
}
