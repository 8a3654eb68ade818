// Logs why sessions cannot be checked. Their connections stay open meanwhile, so the outage shows nowhere else.
// Called by the session checks for each failed check.
// Guarantees one line a minute at most, however many sessions there are.
import { callLogger, printable } from "@halyard/protocol/internal";
import type { SessionReader } from "../identity/session-reader.ts";
import type { BetterAuthInstance } from "../identity/auth-instance.ts";
import { warningLogger } from "../identity/warning-logger.ts";
import type { AuthenticatorSettings } from "../options.ts";

const INTERVAL_MS = 60_000;
const MAX_CAUSE_LENGTH = 300;

type OutageSettings = Pick<AuthenticatorSettings, "clock" | "logger" | "storeGraceMs">;

/** Logs an outage of the session store. */
export class OutageLog {
  readonly #reader: Pick<SessionReader<BetterAuthInstance>, "context">;
  readonly #settings: OutageSettings;
  #loggedAt = -Infinity;

  constructor(reader: Pick<SessionReader<BetterAuthInstance>, "context">, settings: OutageSettings) {
    this.#reader = reader;
    this.#settings = settings;
  }

  failed(error: unknown): void {
    const now = this.#settings.clock.now();
    if (now - this.#loggedAt < INTERVAL_MS) return;
    this.#loggedAt = now;
    void this.#log(error instanceof Error && error.cause !== undefined ? error.cause : error);
  }

  async #log(cause: unknown): Promise<void> {
    // Without a context there is no session to check.
    const context = await this.#reader.context().catch(() => undefined);
    const logger = context && warningLogger(context, this.#settings.logger);
    if (!logger) return;
    const seconds = String(this.#settings.storeGraceMs / 1_000);
    const why = printable(String(cause), MAX_CAUSE_LENGTH);
    const message = `Sessions cannot be checked (${why}): their connections stay open for ${seconds} s after the last check.`;
    callLogger(logger, "warn", { fields: { event: "sessions_unchecked", err: cause }, message });
  }
}
