import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface SystemProgram {
  /** Absolute paths, and names to look up in `PATH`; the first executable one is taken. */
  readonly candidates: readonly string[];
  /** The Debian package that contains the program. */
  readonly debianPackage: string;
}

/**
 * Finds a program of the system. As root on Debian, a missing program is installed.
 *
 * @throws Error that names the package to install
 */
export function findOrInstall({ candidates, debianPackage }: SystemProgram): string {
  const found = find(candidates) ?? (install(debianPackage) ? find(candidates) : undefined);
  if (found !== undefined) return found;
  throw new Error(
    `${debianPackage} is missing: install it, for example with "apt-get install -y ${debianPackage}"`,
  );
}

function find(candidates: readonly string[]): string | undefined {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  return candidates
    .flatMap((name) => (name.includes("/") ? [name] : directories.map((directory) => join(directory, name))))
    .find(isExecutable);
}

function install(debianPackage: string): boolean {
  if (process.getuid?.() !== 0 || find(["apt-get"]) === undefined) return false;
  const options = { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } } as const;
  try {
    execFileSync("apt-get", ["update", "-qq"], options);
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", debianPackage], options);
    return true;
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
