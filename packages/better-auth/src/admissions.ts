import type { Whence } from "./door.js";

/** What is known of how an identity came about. */
export interface Admission extends Whence {
  /** The last change to sessions that its look-up certainly saw. */
  readonly sequence: number;
}

/**
 * Remembers the admission of each identity, beside it: identities are the application's to read. Of an object that is
 * not known here (the application wrapped `authenticate`) the worst is assumed.
 */
export class Admissions {
  readonly #admissions = new WeakMap<object, Admission>();

  set(identity: object, admission: Admission): void {
    this.#admissions.set(identity, admission);
  }

  of(identity: object): Admission {
    return this.#admissions.get(identity) ?? { sequence: -1, origin: undefined, host: undefined };
  }
}
