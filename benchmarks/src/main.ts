/** `pnpm bench`: compares Halyard with its peers, or one build of Halyard with another. One server and one load run at a time. */
import { compareBuilds } from "./against.ts";
import { HELP, readOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { PAGE } from "./page/page-workload.ts";
import { comparePeers } from "./peers.ts";
import { killChildrenOnExit } from "./processes/children.ts";
import { BASELINE, clusters, isHalyard, servers } from "./processes/servers.ts";
import type { ServerSpec } from "./processes/servers.ts";
import { print } from "./utils/terminal.ts";
import { listWorkloads } from "./workloads/list.ts";

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) print(HELP);
  else await main(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const all = listWorkloads(options);
  const ids = [...all.map(({ id }) => id), PAGE];
  const chosenIds = chooseIds(ids, options.only);
  const workloads = all.filter(({ id }) => chosenIds.has(id));
  const chosen = chooseServers(options.servers);
  killChildrenOnExit();
  if (options.against === undefined) {
    await comparePeers({ options, workloads, servers: chosen, hasPage: chosenIds.has(PAGE), order: ids });
    return;
  }
  if (workloads.length === 0) throw new TypeError(`--against does not compare the workload ${PAGE}`);
  const succeeded = await compareBuilds(options.against, {
    options,
    workloads,
    servers: chosen.filter(({ id }) => isHalyard(id)),
  });
  if (!succeeded) process.exitCode = 1;
}

/** An id chooses its workload; another word chooses all workloads whose ids begin with it. */
function chooseIds(ids: readonly string[], words: readonly string[]): ReadonlySet<string> {
  if (words.length === 0) return new Set(ids);
  const chosen = words.flatMap((word) =>
    ids.includes(word) ? [word] : ids.filter((id) => id.startsWith(word)),
  );
  if (chosen.length === 0)
    throw new TypeError(`no workload has an id that begins with ${words.join(" or ")}`);
  return new Set(chosen);
}

function chooseServers(names: readonly string[]): ServerSpec[] {
  const all = [...servers, ...clusters];
  const unknown = names.find((name) => !all.some(({ id }) => id === name));
  if (unknown !== undefined) throw new TypeError(`no server has the id ${unknown}`);
  return all.filter(({ id }) => names.length === 0 || id === BASELINE || names.includes(id));
}
