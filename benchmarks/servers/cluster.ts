/**
 * The program that starts a redis-server and several nodes of one server, at 127.0.1.1, 127.0.1.2 and so on with the same port.
 * It listens at 127.0.0.1 once all nodes listen. The nodes and Redis end with it.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findFreePort } from "../../scripts/free-port.ts";
import { findRedisServer } from "../../scripts/redis-server.ts";

const [program = "", count = "2"] = process.argv.slice(2);
const port = Number(process.env["PORT"]);
const redisPort = await findFreePort();
const directory = mkdtempSync(join(tmpdir(), "halyard-bench-"));

// The shell ends redis-server when its input ends, also after a kill of this process.
const redis = `"$0" --port ${String(redisPort)} --bind 127.0.0.1 --save "" --dir ${directory} & read line; kill $!`;
spawn("sh", ["-c", redis, findRedisServer()], { stdio: ["pipe", "ignore", "inherit"] });
await untilOpen("127.0.0.1", redisPort);

for (let node = 1; node <= Number(count); node++) {
  const host = `127.0.1.${String(node)}`;
  const env = { ...process.env, HOST: host, REDIS_URL: `redis://127.0.0.1:${String(redisPort)}` };
  const watching = `process.on("disconnect", () => process.exit())`;
  const args = ["--import", `data:text/javascript,${encodeURIComponent(watching)}`, program];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  child.once("exit", () => process.exit(1));
  await untilOpen(host, port);
}
createServer().listen(port, "127.0.0.1");
process.once("SIGTERM", () => {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
});

async function untilOpen(host: string, at: number): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const socket = connect(at, host);
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await pause(25);
  }
  throw new Error(`nothing listens at ${host}:${String(at)}`);
}
