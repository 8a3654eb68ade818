// The files of a page of docs/recipes, written into a folder of the packed project.
// A block of code whose first line is a comment with a file's name is that whole file.
// The folder has a database with Better Auth's tables, which `prepareDatabase` makes once for all of them.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { binaryOf } from "../support/app-server.ts";
import type { Project } from "./project.ts";
import { environmentOf } from "./recipe-app.ts";

const DOCS = join(import.meta.dirname, "../../docs");
const README = "recipes/README.md";
const LOADING = "recipes/loading-state.md";
const BLOCK = /^```[a-z]+\n((?:\/\/|#|<!--) ([\w./[\]-]+\.\w+).*?\n.*?)^```$/gms;
const DATABASE = "app.db";

const MIGRATE = `
  import { getMigrations } from "better-auth/db/migration";
  import { auth } from "./auth.ts";
  await (await getMigrations(auth.options)).runMigrations();`;

/** What create-next-app makes. */
export const LAYOUT = {
  "app/layout.tsx": `export default function Layout({ children }: { children: React.ReactNode }) {
    return <html lang="en"><head><link rel="icon" href="data:," /></head><body>{children}</body></html>;
  }`,
};
/** The files that a page of `docs` shows, by their names. */
export function filesOf(page: string): Readonly<Record<string, string>> {
  const text = readFileSync(join(DOCS, page), "utf8");
  return Object.fromEntries([...text.matchAll(BLOCK)].map(([, code = "", name = ""]) => [name, code]));
}

/** Makes the database that every recipe begins with. */
export async function prepareDatabase(project: Project): Promise<void> {
  const files = { ...filesOf(README), "migrate.ts": MIGRATE };
  writeFiles(join(project.directory, "recipes"), files);
  await project.run(binaryOf("node"), { cwd: "recipes", env: environmentOf(3000) }, "migrate.ts");
}

/** Writes a page's files, and what they need, to `recipes/<name>`. @returns the folder */
export function writeRecipe(project: Project, name: string, files: Readonly<Record<string, string>>): string {
  const recipes = join(project.directory, "recipes");
  const directory = join(recipes, name);
  const { "load-again.ts": loadAgain = "" } = filesOf(LOADING);
  writeFiles(directory, { ...filesOf(README), "load-again.ts": loadAgain, ...files });
  const database = join(recipes, DATABASE);
  if (existsSync(database)) copyFileSync(database, join(directory, DATABASE));
  return directory;
}

function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
