// Finds the id of every plugin of the installed Better Auth, and of its packages that the suites depend on.
// Each plugin declares its id in the interface `BetterAuthPluginRegistry`; the declarations are read, nothing is executed.
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const PACKAGES = ["better-auth/plugins", "@better-auth/api-key", "@better-auth/passkey"];
const DECLARED_ID = /interface BetterAuthPluginRegistry<[^>]*> \{\s*"?([\w-]+)/g;

export function pluginIds(): string[] {
  return PACKAGES.flatMap((name) => {
    const cwd = dirname(require.resolve(name));
    return globSync("**/*.d.mts", { cwd }).flatMap((file) => idsOf(readFileSync(join(cwd, file), "utf8")));
  });
}

function idsOf(declarations: string): string[] {
  return [...declarations.matchAll(DECLARED_ID)].map(([, id = ""]) => id);
}
