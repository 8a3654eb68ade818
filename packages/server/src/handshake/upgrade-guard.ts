// Limits handshakes: how many run at once and how long each may take; records their rejections.
// Called by UpgradeHandler before and after it authenticates a request.
// Guarantees: every handshake ends after `handshakeMs` at the latest; a slot that is granted later is released.
import { isPromise } from "@halyard/protocol/internal";
import type { ApplicationGuard } from "../application/application-guard.ts";
import { isBoolean } from "../application/application-guard.ts";
import type { ServerLimits } from "../limits.ts";
import type { SecurityReporter } from "../security/security-reporter.ts";
import type { Clock } from "../types.ts";
import { ExpiryTimer } from "../utils/expiry-timer.ts";
import { DeadlineError, isFailure } from "../utils/errors.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import type { AcceptedUpgrade } from "./admission.ts";
import { isRejection } from "./admission.ts";
import type { UpgradeLimiter } from "./upgrade-limiter.ts";
import type { UpgradeRejection } from "./upgrade-rejection.ts";
import type { LocatedRequest } from "./upgrade-request.ts";
import { rejectionFrom, rejectRateLimited } from "./upgrade-rejection.ts";

/** The dependencies of {@link UpgradeGuard}. */
export interface UpgradeGuardParts {
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "handshakeMs">;
  readonly limiter: UpgradeLimiter;
  readonly securityReporter: SecurityReporter;
  readonly application: ApplicationGuard;
  /** Releases the slot of a connection that will not open. */
  readonly abandon: (accepted: AcceptedUpgrade) => void;
}

/** Limits handshakes and records their rejections. */
export class UpgradeGuard {
  readonly #parts: UpgradeGuardParts;
  /** The running handshakes, each as the function that rejects it. One timer serves all of them. */
  readonly #deadlines: ExpiryTimer<() => void>;

  constructor(parts: UpgradeGuardParts) {
    this.#parts = parts;
    const onExpire = (expire: () => void): void => {
      expire();
    };
    this.#deadlines = new ExpiryTimer({ clock: parts.clock, ms: parts.limits.handshakeMs, onExpire });
  }

  get limiter(): UpgradeLimiter {
    return this.#parts.limiter;
  }

  /** The clock's `now`, which is never set back. */
  now(): number {
    return this.#parts.clock.now();
  }

  /** Begins a handshake, which {@link end} ends. @returns the rejection if too many are running or too many were rejected */
  begin(request: LocatedRequest): UpgradeRejection | undefined {
    const rateLimited = this.#parts.limiter.begin(request);
    return rateLimited && this.record(request, rejectRateLimited(rateLimited));
  }

  /** Ends a handshake when its answer is known or its time is up. The promise must not reject. */
  end<TAnswer extends AcceptedUpgrade | UpgradeRejection>(
    request: LocatedRequest,
    pending: MaybePromise<TAnswer>,
  ): MaybePromise<TAnswer | UpgradeRejection> {
    if (!isPromise(pending)) return this.finish(request, pending);
    return new Promise((resolve) => {
      const expire = (): void => {
        const error = new DeadlineError(`${request.awaits} took longer than limits.handshakeMs`);
        resolve(this.finish(request, this.rejectionFrom(error, request.awaits)));
      };
      this.#deadlines.schedule(expire);
      void pending.then((answer) => {
        if (this.#deadlines.cancel(expire)) resolve(this.finish(request, answer));
        else if (!isRejection(answer)) this.#parts.abandon(answer);
      });
    });
  }

  /** Ends a handshake whose answer is known. */
  finish<TAnswer extends AcceptedUpgrade | UpgradeRejection>(
    request: LocatedRequest,
    answer: TAnswer,
  ): TAnswer | UpgradeRejection {
    this.#parts.limiter.end(request.source);
    return isRejection(answer) ? this.record(request, answer) : answer;
  }

  /** Waits for the application's code, for `handshakeMs` at most. */
  withDeadline<TValue>(value: TValue | PromiseLike<TValue>): Promise<TValue> {
    const { clock, limits } = this.#parts;
    return withDeadline(value, { clock, ms: limits.handshakeMs });
  }

  /** Stops the timers. A running handshake keeps its deadline. */
  stop(): void {
    if (this.#parts.limiter.handshakes === 0) this.#deadlines.clear();
    this.#parts.limiter.stop();
  }

  /** Records a rejection for the security log, and counts it against the client if the client is to blame. */
  record(request: LocatedRequest, answer: UpgradeRejection): UpgradeRejection {
    const { reason, status: code, userId } = answer;
    if (reason === undefined) return answer;
    const { limiter, securityReporter } = this.#parts;
    if (code === 400 || code === 401 || code === 403 || code === 405) limiter.countRejection(request);
    const { address } = request.source;
    securityReporter.record({ kind: "upgrade_refused", reason, code }, { address, userId });
    return answer;
  }

  /** The rejection for an error that the application threw. The error is reported, unless the application threw a HalyardError. */
  rejectionFrom(error: unknown, type = "authenticate"): UpgradeRejection {
    if (isFailure(error)) this.#parts.application.report(error, { type, ws: undefined });
    return rejectionFrom(error);
  }

  /** @param option the option whose function gave the answer; anything but a boolean is reported and counts as `false` */
  isYes(option: string, answer: unknown): boolean {
    if (isBoolean(answer)) return answer;
    this.#parts.application.reportAnswer(option, answer);
    return false;
  }
}
