import type { AttemptSettings } from "../options.ts";
import type { KeepOutboxParts } from "./keep-outbox.ts";

/**
 * Loads the code that keeps the outbox. If the code or the storage fails, the client connects without it.
 *
 * @returns a function that sends what earlier pages left
 */
async function loadOutbox(parts: KeepOutboxParts): Promise<() => Promise<void>> {
  try {
    const { keepOutbox } = await import("./keep-outbox.ts");
    return await keepOutbox(parts);
  } catch (error) {
    parts.reportError(error);
    return async () => {};
  }
}

/** Sends the messages that earlier pages left before the first attempt to connect. If the storage fails, none are sent. */
export function sendKeptFirst(settings: AttemptSettings, parts: () => KeepOutboxParts): void {
  const { url } = settings;
  let loading: Promise<() => Promise<void>> | undefined;
  settings.url = async () => {
    loading ??= loadOutbox(parts());
    await loading.then((sendLeft) => sendLeft());
    return typeof url === "function" ? url() : url;
  };
}
