// The limits around one handshake: how many run at once, how long each may take, and what is recorded of a rejection.
// Called by UpgradeHandler before and after it authenticates a request.
// Guarantees: every handshake that begins ends after `handshakeMs` at the latest; a slot granted later is given back.
import { HalyardError } from "@halyard/protocol/wire";
import type { ServerLimits } from "../limits.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { Clock, ErrorContext, UpgradeRequest } from "../types.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import type { AcceptedUpgrade } from "./admission.ts";
import { isRejection } from "./admission.ts";
import type { UpgradeLimiter } from "./upgrade-limiter.ts";
import type { UpgradeRejection } from "./upgrade-rejection.ts";
import { rejectionFrom, rejectRateLimited } from "./upgrade-rejection.ts";

/** What {@link UpgradeGuard} uses. */
export interface UpgradeGuardParts {
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handshakeMs">;
  readonly limiter: UpgradeLimiter;
  readonly securityReporter: SecurityReporter;
  readonly report: (error: unknown, context: ErrorContext) => void;
  /** Gives back the slot of a connection that will not open. */
  readonly abandon: (accepted: AcceptedUpgrade) => void;
}

/** Bounds handshakes and records their rejections. */
export class UpgradeGuard {
  readonly #parts: UpgradeGuardParts;

  constructor(parts: UpgradeGuardParts) {
    this.#parts = parts;
  }

  get limiter(): UpgradeLimiter {
    return this.#parts.limiter;
  }

  /** Begins a handshake, which {@link end} ends. @returns the rejection when too many run, or too many were rejected */
  begin(request: UpgradeRequest): UpgradeRejection | undefined {
    const rateLimited = this.#parts.limiter.begin(request.remoteAddress);
    return rateLimited && this.record(request, rejectRateLimited(rateLimited));
  }

  /** Ends a handshake when its answer is known or its time is up. The answer must not reject. */
  async end<TAnswer extends AcceptedUpgrade | UpgradeRejection>(
    request: UpgradeRequest,
    pending: Promise<TAnswer>,
  ): Promise<TAnswer | UpgradeRejection> {
    try {
      const answer = await this.withDeadline(pending);
      return isRejection(answer) ? this.record(request, answer) : answer;
    } catch (error) {
      // Only the deadline rejects.
      void pending.then((late) => {
        if (!isRejection(late)) this.#parts.abandon(late);
      });
      return this.record(request, rejectionFrom(error));
    } finally {
      this.#parts.limiter.end(request.remoteAddress);
    }
  }

  /** Waits for the application's code, for `handshakeMs` at most. */
  withDeadline<TValue>(value: TValue | PromiseLike<TValue>): Promise<TValue> {
    const { clock, limits } = this.#parts;
    return withDeadline(value, { clock, ms: limits.handshakeMs });
  }

  /** Records a rejection for the security log, and counts it against its address where the client is to blame. */
  record({ remoteAddress: address }: UpgradeRequest, answer: UpgradeRejection): UpgradeRejection {
    const { reason, status: code, userId } = answer;
    if (reason === undefined) return answer;
    const { limiter, securityReporter } = this.#parts;
    if (code === 400 || code === 401 || code === 403 || code === 405) limiter.countRejection(address);
    securityReporter.record({ kind: "upgrade_refused", reason, code }, { address, userId });
    return answer;
  }

  /** The rejection for an error of the authenticator. An error that is no HalyardError is reported. */
  rejectionFrom(error: unknown): UpgradeRejection {
    if (!(error instanceof HalyardError)) this.#parts.report(error, { type: "authenticate", ws: undefined });
    return rejectionFrom(error);
  }
}
