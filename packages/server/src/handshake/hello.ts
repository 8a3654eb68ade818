// Handles a client's `hello`, and the start of a plain client, which sends no hello.
// Called by ConnectionAdmitter when a connection has a slot, and by ControlFrames for a `hello` frame.
// Guarantees: `onConnect` is called once, before the welcome; nothing is sent between a plain client's late hello and its welcome.
import type { HelloMessage } from "@halyard/protocol";
import { CloseCode, HalyardError } from "@halyard/protocol/wire";
import type { AnyConfig } from "../config.ts";
import type { HelloReceiver } from "../messages/control-frames.ts";
import type { Connection } from "../connection/connection.ts";
import type { ServerLimits } from "../limits.ts";
import type { Logger } from "../logger.ts";
import { printable } from "@halyard/protocol/internal";
import type { Clock } from "../types.ts";
import { andThen } from "../utils/maybe-promise.ts";
import type { MaybePromise } from "../utils/maybe-promise.ts";
import type { ConnectionSlots } from "./admission.ts";
import { closeCodeFor } from "./admission.ts";
import type { ConnectionHooks } from "./connection-hooks.ts";
import { TabCounter } from "../security/tab-counter.ts";
import { isClosed } from "../connection/is-closed.ts";
import type { SubscriptionRequest, WelcomeSender } from "./welcome-sender.ts";

/** The dependencies of {@link HelloHandler}. */
export interface HelloHandlerParts {
  readonly acceptContract: AnyConfig["acceptContract"];
  readonly slots: ConnectionSlots;
  readonly hooks: ConnectionHooks;
  readonly welcomeSender: WelcomeSender;
  readonly clock: Clock;
  readonly limits: Pick<ServerLimits, "helloMs">;
  readonly logger: Pick<Logger, "warn">;
}

const NO_SUBSCRIPTIONS: SubscriptionRequest = { positions: [], rooms: [], re: undefined };

/** Subscribes and welcomes an admitted connection. */
export class HelloHandler implements HelloReceiver {
  readonly #parts: HelloHandlerParts;

  constructor(parts: HelloHandlerParts) {
    this.#parts = parts;
  }

  /** Welcomes a plain client, and waits for the hello of any other client. */
  begin(connection: Connection): MaybePromise<void> {
    if (!connection.isV1) return this.#welcomePlainClient(connection);
    this.#awaitHello(connection);
  }

  /** Closes a v1 client that sends no hello within `helloMs`. */
  #awaitHello(connection: Connection): void {
    const { clock, limits } = this.#parts;
    connection.stage = "handshaking";
    connection.helloTimer = clock.setTimeout(() => {
      if (connection.acceptsHello) connection.close(CloseCode.Unfinished, "no hello");
    }, limits.helloMs);
  }

  /** Subscribes a plain client from now on, and welcomes it. */
  #welcomePlainClient(connection: Connection): MaybePromise<void> {
    return andThen(this.#parts.hooks.connected(connection), () => {
      if (!isClosed(connection)) return this.#parts.welcomeSender.send(connection, NO_SUBSCRIPTIONS);
    });
  }

  /**
   * @param re the id of this hello: the welcome carries it, so that the client does not take an earlier welcome
   * for the answer
   * @throws HalyardError `contract_mismatch`, `conflict`
   */
  async handleHello(connection: Connection, hello: HelloMessage, re: string | undefined): Promise<void> {
    const { acceptContract, hooks, logger, welcomeSender } = this.#parts;
    if (acceptContract?.(hello.contract) === false) {
      const contract = printable(hello.contract ?? "none", 64);
      logger.warn({ event: "contract_refused", contract }, "acceptContract refused a client's contract");
      connection.close(CloseCode.ContractTooOld, "contract_mismatch");
      return;
    }
    // `acceptContract` may have closed the connection.
    if (isClosed(connection)) return;
    const isAlreadyConnected = connection.stage === "open";
    if (isAlreadyConnected) {
      // Nothing may be sent between this hello and its welcome, so the plain subscriptions end here.
      welcomeSender.withdraw(connection);
      connection.stage = "handshaking";
    }
    if (!(await this.#adoptClientId(connection, hello))) return;
    if (hello.sharing === true) connection.tabs ??= new TabCounter();
    if (!isAlreadyConnected) await hooks.connected(connection);
    // `onConnect` may have refused the connection.
    if (isClosed(connection)) return;
    await welcomeSender.send(connection, { ...hello, re });
  }

  /** @returns false when the connection was closed, because a newer attempt is connected or the user has no free slot */
  async #adoptClientId(connection: Connection, { clientId, attempt }: HelloMessage): Promise<boolean> {
    const { slots } = this.#parts;
    const { client, user } = connection.client;
    if (client !== connection.id) {
      // The hello must name the same client and attempt as the URL.
      if (client !== clientId || connection.attempt !== attempt) throw new HalyardError("conflict");
      return true;
    }
    const admission = await slots.reserveForClient(connection, { client: clientId, attempt });
    if (isClosed(connection)) return false;
    if (!admission.admitted) {
      connection.close(closeCodeFor(admission));
      return false;
    }
    connection.client = { user, client: clientId };
    connection.attempt = attempt;
    connection.isV1 = true;
    slots.closeReplaced(connection, admission);
    return true;
  }
}
