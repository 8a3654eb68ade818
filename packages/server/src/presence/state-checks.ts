// Validates presence states against the contract. Called by ControlFrames for each `presence_update`.
// Guarantee: a state that others see has passed the schema, is a JSON object, and has at most `limits.presenceStateBytes`.
import type { AnyProtocol, Schema } from "@halyard/protocol";
import { clientMessages } from "@halyard/protocol";
import { isDeeperThan, isPromise, replaceLoneSurrogates } from "@halyard/protocol/internal";
import type { Frame } from "@halyard/protocol/wire";
import { HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { ServerLimits } from "../limits.ts";
import { validateInput } from "../security/validate-input.ts";
import { InvalidMessageError, LimitError, toIssue, validationError } from "../utils/errors.ts";
import { utf8Bytes } from "../utils/text.ts";

/** The deepest nesting of a state, which is itself nested in lists of users and in replies with a page of users. */
const MAX_DEPTH = LIMITS.jsonDepth - 4;

/** Waits for code of the application, such as an asynchronous schema, with a deadline. */
interface Deadline {
  settle<T>(pending: Promise<T>): Promise<T>;
}

interface StateChecksParts {
  readonly backplane: Pick<Backplane, "carriesStates" | "kind">;
  readonly handlerRunner: Deadline;
  readonly limits: Pick<ServerLimits, "presenceStateBytes">;
  readonly protocol?: AnyProtocol | undefined;
}

/** Validates presence states. */
export class StateChecks {
  readonly #schema: Schema | undefined;
  readonly #maxBytes: number;
  readonly #deadline: Deadline;

  /** @throws TypeError for a contract with presence state on a backplane that does not support it */
  constructor({ backplane, handlerRunner, limits, protocol }: StateChecksParts) {
    // A contract that was not made by `defineProtocol` may have no `presence`.
    this.#schema = (protocol as Partial<AnyProtocol> | undefined)?.presence?.state;
    this.#maxBytes = limits.presenceStateBytes;
    this.#deadline = handlerRunner;
    if (this.#schema !== undefined && backplane.carriesStates !== true)
      throw new TypeError(
        `The contract has presence state, which the backplane "${backplane.kind}" does not carry: it needs a newer version of its package.`,
      );
  }

  /** @throws HalyardError `unknown_type` without presence state in the contract, `invalid_message`, `payload_too_large` */
  parse(frame: Frame): { readonly room: string; readonly json: string } {
    this.#assertInContract();
    const message = clientMessages.presence_update.safeParse(frame);
    if (!message.success) throw new InvalidMessageError(message.error.issues.slice(0, 5).map(toIssue));
    const { room, state } = message.data;
    // Checked before anything is awaited, so that a larger state does not stay in memory.
    const json = JSON.stringify(state);
    this.#assertFits(json);
    return { room, json };
  }

  /** The state after the schema, as JSON text. @throws HalyardError or SchemaFailedError */
  async checked(state: string): Promise<string> {
    const pending = validateInput(this.#assertInContract(), JSON.parse(state));
    const checked = isPromise(pending) ? await this.#deadline.settle(pending) : pending;
    if (!checked.ok) throw validationError(checked);
    const json = replaceLoneSurrogates(JSON.stringify(checked.value));
    if (!json.startsWith("{")) throw new InvalidMessageError([{ path: "", message: "is not an object" }]);
    this.#assertFits(json);
    return json;
  }

  #assertInContract(): Schema {
    if (this.#schema === undefined)
      throw new HalyardError("unknown_type", "The contract has no presence state.");
    return this.#schema;
  }

  #assertFits(json: string): void {
    if (isDeeperThan(json, MAX_DEPTH))
      throw new InvalidMessageError([{ path: "state", message: "nests too deeply" }]);
    if (utf8Bytes(json) <= this.#maxBytes) return;
    const message = `A presence state is at most ${String(this.#maxBytes)} bytes.`;
    throw new LimitError("payload_too_large", "presenceStateBytes", { message });
  }
}
