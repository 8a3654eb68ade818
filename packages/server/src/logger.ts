/**
 * Where the server logs; pino, winston and `console` fit. Lines contain no tokens and no raw text of clients. An error is logged as
 * field `err`, as pino expects; winston gets the message first, and the error in the field `stack`.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const noop = (): void => undefined;

/** The logger of `logger: false`. */
export const silentLogger: Logger = { debug: noop, info: noop, warn: noop, error: noop };
