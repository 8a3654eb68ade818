// The tests of a conformance suite that fail against the other version on purpose: rules that have changed since.
// What no suite shows: today's client takes a 401 or 403 without the header `halyard` for a proxy's, and an earlier server
// has none. There it goes on trying, with a growing wait, where it would say `authRequired`; the close code 4401 still does.

/** Whose version is the earlier one. */
export type Pairing = "earlier clients" | "earlier server";

interface Difference {
  readonly pairing: Pairing;
  /** Of the tests that fail. */
  readonly title: RegExp;
  readonly why: string;
}

const DIFFERENCES: readonly Difference[] = [
  {
    pairing: "earlier clients",
    title: /that nests over 32 levels is invalid_message/,
    why: "a frame that is too deep is answered by its number, which is used",
  },
  {
    pairing: "earlier clients",
    title: /has a name of word characters, colons, dots and dashes only|is none: {"room":"no spaces"}/,
    why: "a room's name is any visible text",
  },
  {
    pairing: "earlier clients",
    title: /gets an error for a hello that does not fit/,
    why: "a room that a hello cannot have is answered by `left`, and the connection stays open",
  },
  {
    pairing: "earlier clients",
    title: /offers by itself|says so, and with 503 when it fails|a subprotocol, on \w+ is /,
    why: "a cookie needs an Origin, which every browser sends and these hand-made handshakes do not",
  },
  {
    pairing: "earlier server",
    title: /a message of 33 levels gets invalid_message/,
    why: "that server answers a frame that is too deep without its number, and waits for the number",
  },
  {
    pairing: "earlier server",
    title: /a join of the invalid room name "all"|a room may have the name/,
    why: "that server has another rule of room names",
  },
];

const of = (pairing: Pairing): Difference[] => DIFFERENCES.filter((known) => known.pairing === pairing);

export function isKnown(pairing: Pairing, test: string): boolean {
  return of(pairing).some(({ title }) => title.test(test));
}

/** The differences that no failed test shows: they are to be deleted here. */
export function unseen(pairing: Pairing, failed: readonly string[]): readonly Difference[] {
  return of(pairing).filter(({ title }) => !failed.some((test) => title.test(test)));
}
