// The links between the Markdown pages of the repository, with their anchors. Links to other sites are not followed.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const EXCLUDED = ["**/node_modules/**", ".changeset/**"];
const PAGES = globSync("**/*.md", { cwd: ROOT, exclude: EXCLUDED }).sort();

/** A page without its blocks of code. */
const textOf = (page: string): string => readFileSync(page, "utf8").replaceAll(/^```.*?^```/gms, "");

/** The anchors of a page: its headings in GitHub's form, and those that it sets itself. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of textOf(page).matchAll(/^#+ (.*)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    const earlier = [...anchors].filter((anchor) => anchor.replace(/-\d+$/, "") === slug).length;
    anchors.add(earlier === 0 ? slug : `${slug}-${String(earlier)}`);
  }
  for (const [, id = ""] of textOf(page).matchAll(/ id="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

const isBroken = (page: string, link: string): boolean => {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : resolve(dirname(page), path);
  if (!existsSync(target)) return true;
  return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor);
};

it.each(PAGES)("each link of %s leads somewhere", (name) => {
  const page = join(ROOT, name);
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)]
    .map(([, inText, inTag = ""]) => inText ?? inTag)
    .filter((link) => !/^(https?|mailto):/.test(link));
  expect(links.filter((link) => isBroken(page, link))).toEqual([]);
});
