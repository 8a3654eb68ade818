export type { BetterAuthInstance, SessionOf } from "./identity/auth-instance.ts";
export { betterAuthAuthenticator } from "./authenticator.ts";
export type { BetterAuthAuthenticatorOptions, SessionClock } from "./options.ts";
export { halyard } from "./plugin.ts";
export type { HalyardPluginOptions } from "./plugin.ts";
