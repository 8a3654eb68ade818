// Runs the application's handlers for requests of the server, and sends their replies.
// Called by the client for each `onRequest` of the application and for each request frame.
// The server receives a HalyardError as it was thrown, and `internal` instead of any other error.
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Unsubscribe } from "../common/emitter.ts";
import type { FrameWriter } from "../connection/connection.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";

const MAX_ERROR_MESSAGE_CHARS = 200;

type Handler = (input: unknown) => unknown;

export class ServerRequests {
  readonly #connection: FrameWriter;
  readonly #reportError: (error: unknown) => void;
  readonly #handlers = new Map<unknown, Handler>();

  constructor(connection: FrameWriter, reportError: (error: unknown) => void) {
    this.#connection = connection;
    this.#reportError = reportError;
  }

  /** Registers a handler. It replaces an earlier handler of the same name. */
  register(name: string, handler: Handler): Unsubscribe {
    this.#handlers.set(name, handler);
    return () => {
      if (this.#handlers.get(name) === handler) this.#handlers.delete(name);
    };
  }

  /** Never rejects. */
  async reply({ name, input, $: { id = "" } = {} }: Frame): Promise<void> {
    const write = (message: object) => {
      const { text, error } = encodeOutgoing(message, { re: id }, this.#connection.limits);
      if (error) throw error;
      // The handler may end on a later connection, which the server would close because of a reply before its welcome.
      if (this.#connection.isOpen) this.#connection.write(text);
    };
    try {
      const handler = this.#handlers.get(name);
      if (!handler) throw new HalyardError("not_found");
      write({ type: "reply", result: await handler(input) });
    } catch (error) {
      const publicError = error instanceof HalyardError ? error : new HalyardError("internal");
      if (publicError !== error) this.#reportError(error);
      const { code, message, retryable } = publicError;
      write({ type: "error", code, message: message.slice(0, MAX_ERROR_MESSAGE_CHARS), retryable });
    }
  }
}
