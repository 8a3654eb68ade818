// `pnpm demo:cluster`: three nodes on one Redis behind one port, and buttons on the page that stop them.
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createBalancer } from "./balancer.ts";
import { Cluster } from "./cluster.ts";

const require = createRequire(import.meta.url);
const directory = join(import.meta.dirname, "..");
const port = Number(process.env["PORT"] ?? 3000);
const origin = `http://127.0.0.1:${String(port)}`;

try {
  const cluster = await Cluster.start({
    directory,
    dataPath: process.env["DATA"] ?? join(directory, ".data/cluster"),
    origin,
    programs: {
      node: process.execPath,
      bun: join(dirname(require.resolve("bun/package.json")), "bin/bun.exe"),
    },
  });
  const stop = (): void => {
    cluster.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  const balancer = createBalancer(cluster, origin).listen(port, "127.0.0.1");
  await once(balancer, "listening").catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  process.stdout.write(`\n  ⚑ Halyard demo, three nodes on one Redis  ${origin}\n\n`);
} catch (error) {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const reason = isTaken ? "the port is in use; set PORT to another one" : String(error);
  process.stderr.write(`Halyard demo: ${reason}\n`);
  process.exitCode = 1;
}
