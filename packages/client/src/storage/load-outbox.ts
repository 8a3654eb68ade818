import type { KeepOutboxParts } from "./keep-outbox.ts";

/**
 * Loads what keeps the outbox. The client connects without it when the storage fails, or the code for it does.
 *
 * @returns sends what earlier pages have left
 */
export async function loadOutbox(parts: KeepOutboxParts): Promise<() => Promise<void>> {
  try {
    const { keepOutbox } = await import("./keep-outbox.ts");
    return await keepOutbox(parts);
  } catch (error) {
    parts.reportError(error);
    return async () => {};
  }
}
