/**
 * A folder in which the servers of `servers/` run on the packages of one checkout.
 * `against.ts` creates one for this checkout and one for the other, so that both builds are started in the same way.
 * The servers are copies of those of this checkout, and import packages only by their public names.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { serverFolder } from "./servers.ts";
import type { ServerSpec } from "./servers.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

export interface Build {
  /** The checkout whose packages the servers import. */
  readonly checkout: string;
  /** The copy of `servers/` that imports them. */
  readonly servers: URL;
}

/** The other packages that the servers import. They come from the checkout, too, so that a process loads one copy of each. */
const DEPENDENCIES = ["better-auth", "zod"];

/** The entries of Halyard that the servers import. A checkout without a build does not have them. */
const REQUIRED = ["@halyard/protocol", "@halyard/server/node", "@halyard/better-auth"];

/** @throws TypeError if the folder is no checkout, or has no build */
export function createBuild(checkout: string): Build {
  const folder = createTemporaryFolder();
  const servers = join(folder, "servers");
  cpSync(fileURLToPath(serverFolder), servers, {
    recursive: true,
    filter: (path) => basename(path) !== "uwebsockets",
  });
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }\n`);
  linkPackages(checkout, join(folder, "node_modules"));
  const { resolve } = createRequire(join(servers, "any.js"));
  for (const name of REQUIRED) {
    try {
      resolve(name);
    } catch {
      throw new TypeError(`${checkout} has no build of ${name}: run "npx -y pnpm@12 build" there`);
    }
  }
  return { checkout, servers: pathToFileURL(`${servers}/`) };
}

/** The same server on the packages of a build. */
export function serverOf({ servers }: Build, spec: ServerSpec): ServerSpec {
  return { ...spec, file: new URL(basename(fileURLToPath(spec.file)), servers) };
}

/** Node and Bun both resolve links before they resolve imports, so each package finds its own dependencies. */
function linkPackages(checkout: string, modules: string): void {
  const packages = join(checkout, "packages");
  const folders = existsSync(packages) ? readdirSync(packages).map((name) => join(packages, name)) : [];
  for (const folder of folders) {
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly name: string };
    link(folder, join(modules, name));
    for (const dependency of DEPENDENCIES)
      link(join(folder, "node_modules", dependency), join(modules, dependency));
  }
}

function link(target: string, path: string): void {
  if (!existsSync(target) || existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}
