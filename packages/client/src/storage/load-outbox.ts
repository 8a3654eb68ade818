import type { AttemptSettings } from "../options.ts";
import type { KeepOutboxParts } from "./keep-outbox.ts";

/**
 * Loads what keeps the outbox. The client connects without it when the storage fails, or the code for it does.
 *
 * @returns sends what earlier pages have left
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

/** What an earlier page has left goes out before the first attempt. Without it, or when the storage fails, nothing does. */
export function sendKeptFirst(settings: AttemptSettings, parts: () => KeepOutboxParts): void {
  const { url } = settings;
  let loading: Promise<() => Promise<void>> | undefined;
  settings.url = async () => {
    loading ??= loadOutbox(parts());
    await loading.then((sendLeft) => sendLeft());
    return typeof url === "function" ? url() : url;
  };
}
