// Refuses options that are of another kind than their types say, for programs in JavaScript, which no compiler checks.
// Called when a system or a publisher is made. Guarantee: the error names the option and the line or the words to write.
import type { Backplane } from "../backplane.ts";

const FUNCTIONS = {
  authorize: "authorize: ({ user, room }) => true",
  data: "data: () => ({ … })",
  onConnect: "onConnect: ({ user }) => { … }",
  onDisconnect: "onDisconnect: ({ user }) => { … }",
  onJoin: "onJoin: ({ user }, room) => { … }",
  onLeave: "onLeave: ({ user }, room) => { … }",
  onError: "onError: (error, context) => { … }",
  onSecurityEvent: "onSecurityEvent: (event) => { … }",
  acceptContract: "acceptContract: (contract) => true",
};
const BUILT_INS: readonly string[] = ["chat", "typing", "presence"];
const PLACES: readonly unknown[] = ["all", "rooms", false, undefined];
const LIMIT_POLICIES: readonly string[] = ["reject", "close-oldest"];

/** The options of a system that are checked here. */
interface CheckedKinds extends Readonly<Partial<Record<keyof typeof FUNCTIONS, unknown>>> {
  readonly builtIns?: object | undefined;
  readonly onConnectionLimit?: unknown;
}

/** @throws TypeError for an option that has to be a function, and for a misspelled word, which would let more through than was meant */
export function assertKinds(config: CheckedKinds): void {
  for (const [name, line] of Object.entries(FUNCTIONS) as [keyof typeof FUNCTIONS, string][]) {
    const value = config[name];
    if (value !== undefined && typeof value !== "function")
      throw new TypeError(`${name} is ${kindOf(value)}: write ${line}`);
  }
  const { builtIns = {}, onConnectionLimit } = config;
  for (const [name, place] of Object.entries(builtIns) as [string, unknown][]) {
    if (!BUILT_INS.includes(name))
      throw new TypeError(`There is no builtIns.${name}: there are ${BUILT_INS.join(", ")}`);
    if (!PLACES.includes(place))
      throw new TypeError(`builtIns.${name} is ${JSON.stringify(place)}: write "all", "rooms" or false`);
  }
  if (typeof onConnectionLimit === "string" && !LIMIT_POLICIES.includes(onConnectionLimit))
    throw new TypeError(
      `onConnectionLimit is ${JSON.stringify(onConnectionLimit)}: write "reject", "close-oldest" or a function`,
    );
}

/** @throws TypeError for what is no backplane */
export function assertBackplane(backplane: Backplane | undefined): void {
  if (typeof (backplane as Partial<Backplane> | null | undefined)?.start === "function") return;
  throw new TypeError(`backplane is ${kindOf(backplane)}: write backplane: redisBackplane({ url })`);
}

function kindOf(value: unknown): string {
  return typeof value === "object" && value !== null ? "another object" : String(value);
}
