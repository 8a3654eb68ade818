import { HalyardError } from "@halyard/protocol/wire";
import type { ApplicationGuard } from "../application/application-guard.ts";
import { isBoolean } from "../application/application-guard.ts";
import type { AnyConfig } from "../config.ts";

/** The functions of the configuration that must answer synchronously, each wrapped by the guard. */
export function guardedOptions(
  config: AnyConfig,
  guard: ApplicationGuard,
): Pick<AnyConfig, "acceptContract" | "onConnectionLimit" | "trustProxy"> {
  const { acceptContract, onConnectionLimit, trustProxy } = config;
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
