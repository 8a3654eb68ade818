// Refuses options that are of another kind than their types say, for programs in JavaScript, which no compiler checks.
// Called when a system or a publisher is made. Guarantee: the error names the option and the line to write.
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

/** @throws TypeError for an option that is no function although it has to be one */
export function assertFunctions(config: { readonly [TName in keyof typeof FUNCTIONS]?: unknown }): void {
  for (const [name, line] of Object.entries(FUNCTIONS) as [keyof typeof FUNCTIONS, string][]) {
    const value = config[name];
    if (value !== undefined && typeof value !== "function")
      throw new TypeError(`${name} is ${kindOf(value)}: write ${line}`);
  }
}

/** @throws TypeError for what is no backplane */
export function assertBackplane(backplane: Backplane | undefined): void {
  if (typeof (backplane as Partial<Backplane> | null | undefined)?.start === "function") return;
  throw new TypeError(`backplane is ${kindOf(backplane)}: write backplane: redisBackplane({ url })`);
}

function kindOf(value: unknown): string {
  return typeof value === "object" && value !== null ? "another object" : String(value);
}
