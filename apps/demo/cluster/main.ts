// `pnpm demo:cluster`: three nodes on one Redis behind one port, and buttons on the page that stop them.
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { readConfig } from "../server/config.ts";
import { createBalancer } from "./balancer.ts";
import { Cluster } from "./cluster.ts";

const require = createRequire(import.meta.url);
const directory = join(import.meta.dirname, "..");

try {
  const { port } = readConfig(process.env, directory);
  const origin = `http://127.0.0.1:${String(port)}`;
  const cluster = await Cluster.create({
    directory,
    dataPath: resolve(directory, process.env["DATA"] ?? ".data/cluster"),
    origin,
    programs: {
      node: process.execPath,
      bun: join(dirname(require.resolve("bun/package.json")), "bin/bun.exe"),
    },
  });
  const end = (code: number): void => {
    cluster.stop().then(
      () => process.exit(code),
      () => process.exit(1),
    );
  };
  // Not `once`: Ctrl+C arrives twice, from the terminal and from the program that has started this one. The second signal would end this
  // program before the others.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(0));
  try {
    await once(createBalancer(cluster, origin).listen(port, "127.0.0.1"), "listening");
    await cluster.start();
    process.stdout.write(`\n  ⚑ Halyard demo, three nodes on one Redis  ${origin}\n\n`);
  } catch (error) {
    if (!cluster.isStopped) report(error);
    end(1);
  }
} catch (error) {
  report(error);
  process.exitCode = 1;
}

function report(error: unknown): void {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const reason = isTaken ? "the port is in use; set PORT to another one" : String(error);
  process.stderr.write(`Halyard demo: ${reason}\n`);
}
