import { HalyardError } from "@halyard/protocol/wire";
import type { ApplicationGuard } from "../application/application-guard.ts";
import { isBoolean } from "../application/application-guard.ts";
import type { AnyConfig } from "../config.ts";

/**
 * The functions of the configuration that must answer synchronously, each wrapped by the guard.
 *
 * @throws TypeError for a word that is no choice of an option
 */
export function guardedOptions(
  config: AnyConfig,
  guard: ApplicationGuard,
): Pick<AnyConfig, "acceptContract" | "onConnectionLimit" | "trustProxy"> {
  const { acceptContract, onConnectionLimit, trustProxy } = config;
  assertChoices(config);
  return {
    acceptContract:
      acceptContract &&
      guard.decision(acceptContract.bind(config), {
        option: "acceptContract",
        isAnswer: isBoolean,
        refusal: false,
      }),
    onConnectionLimit:
      typeof onConnectionLimit === "function"
        ? guard.decision(onConnectionLimit.bind(config), {
            option: "onConnectionLimit",
            isAnswer: isLimitDecision,
            refusal: "reject",
          })
        : onConnectionLimit,
    trustProxy:
      typeof trustProxy === "function"
        ? guard.decision(trustProxy.bind(config), {
            option: "trustProxy",
            isAnswer: isBoolean,
            refusal: false,
          })
        : trustProxy,
  };
}

function isLimitDecision(value: unknown): boolean {
  return value === "reject" || value === "close-oldest" || value instanceof HalyardError;
}

const BUILT_INS: readonly string[] = ["chat", "typing", "presence"];
const PLACES: readonly unknown[] = ["all", "rooms", false, undefined];

/** For programs in JavaScript: a misspelled word would let more through than was meant. */
function assertChoices({ builtIns = {}, onConnectionLimit }: AnyConfig): void {
  for (const [name, place] of Object.entries(builtIns)) {
    if (!BUILT_INS.includes(name))
      throw new TypeError(`There is no builtIns.${name}: there are ${BUILT_INS.join(", ")}`);
    if (!PLACES.includes(place))
      throw new TypeError(`builtIns.${name} is ${JSON.stringify(place)}: write "all", "rooms" or false`);
  }
  if (typeof onConnectionLimit === "string" && !isLimitDecision(onConnectionLimit))
    throw new TypeError(
      `onConnectionLimit is ${JSON.stringify(onConnectionLimit)}: write "reject", "close-oldest" or a function`,
    );
}
