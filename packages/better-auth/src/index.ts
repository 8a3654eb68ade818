export type { BetterAuthInstance, SessionOf } from "./auth-instance.js";
export { betterAuthAuthenticator } from "./authenticator.js";
export type { BetterAuthAuthenticatorOptions } from "./options.js";
