export type { BetterAuthInstance, SessionOf } from "./auth-instance.js";
export { betterAuthAuthenticator } from "./authenticator.js";
export type { BetterAuthAuthenticatorOptions, SessionClock } from "./options.js";
export { halyard } from "./plugin.js";
export type { HalyardPluginOptions } from "./plugin.js";
