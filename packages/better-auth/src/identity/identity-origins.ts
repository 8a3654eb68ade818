/** Where a connection came from, as it counts for tickets and look-ups. */
export interface Whence {
  /** Null for a client that sends none; undefined where it is not known any more. */
  readonly origin: string | null | undefined;
  readonly host: string | undefined;
}

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
