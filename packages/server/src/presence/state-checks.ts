// What the contract says of presence states. Called by ControlFrames for each `presence_update`.
// Guarantee: what others are shown has passed the schema, is an object of JSON, and is at most `limits.presenceStateBytes`.
import type { AnyProtocol, PresenceUpdateMessage, Schema } from "@halyard/protocol";
import { clientMessages, validate } from "@halyard/protocol";
import { isDeeperThan, replaceLoneSurrogates } from "@halyard/protocol/internal";
import type { Frame } from "@halyard/protocol/wire";
import { HalyardError, LIMITS } from "@halyard/protocol/wire";
import type { Backplane } from "../backplane.ts";
import type { ServerLimits } from "../limits.ts";
import { InvalidMessageError, LimitError, toIssue, validationError } from "../utils/errors.ts";
import { utf8Bytes } from "../utils/text.ts";

/** A list of users, and the reply that carries a page of them, nest around a state. */
const MAX_DEPTH = LIMITS.jsonDepth - 4;

/** How long code of the application may take, such as that of a schema which is asynchronous. */
interface Deadline {
  settle<T>(pending: Promise<T>): Promise<T>;
}

interface StateChecksParts {
  readonly backplane: Pick<Backplane, "carriesStates" | "kind">;
  readonly handlerRunner: Deadline;
  readonly limits: Pick<ServerLimits, "presenceStateBytes">;
  readonly protocol?: AnyProtocol | undefined;
}

/** Checks presence states. */
export class StateChecks {
  readonly #schema: Schema | undefined;
  readonly #maxBytes: number;
  readonly #deadline: Deadline;

  /** @throws TypeError for a contract with presence state on a backplane without */
  constructor({ backplane, handlerRunner, limits, protocol }: StateChecksParts) {
    // A contract that was written by hand may have no `presence`.
    this.#schema = (protocol as Partial<AnyProtocol> | undefined)?.presence?.state;
    this.#maxBytes = limits.presenceStateBytes;
    this.#deadline = handlerRunner;
    if (this.#schema !== undefined && backplane.carriesStates !== true)
      throw new TypeError(
        `The contract has presence state, which the backplane "${backplane.kind}" does not carry: it needs a newer version of its package.`,
      );
  }

  /** @throws HalyardError `unknown_type` without presence state in the contract, `invalid_message`, `payload_too_large` */
  parse(frame: Frame): PresenceUpdateMessage {
    this.#assertInContract();
    const message = clientMessages.presence_update.safeParse(frame);
    if (!message.success) throw new InvalidMessageError(message.error.issues.slice(0, 5).map(toIssue));
    // Before it waits: what is larger takes no memory.
    this.#assertFits(JSON.stringify(message.data.state));
    return message.data;
  }

  /** The state after the schema, as JSON text. @throws HalyardError or SchemaFailedError */
  async jsonOf(state: object): Promise<string> {
    const pending = validate(this.#assertInContract(), state);
    const checked = pending instanceof Promise ? await this.#deadline.settle(pending) : pending;
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
