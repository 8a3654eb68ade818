// A system in the process of the test, which creates the sockets itself. After each test all its systems are closed.
import { createWebSocketSystem } from "@halyard/server";
import type {
  GuestIdentity,
  WebSocketManager,
  WebSocketManagerConfig,
  WebSocketSystem,
} from "@halyard/server";
import { afterEach } from "vitest";
import { protocol } from "../fixtures/protocol.ts";
import { BareSocket, turns } from "./bare-socket.ts";
import type { Page } from "./v1-client.ts";

/** The identity of a user, who may have a role. */
interface TestIdentity extends GuestIdentity {
  readonly user: GuestIdentity["user"] & { readonly role?: string };
}
export type Config = WebSocketManagerConfig<typeof protocol, TestIdentity>;
export type Manager = WebSocketManager<typeof protocol>;
type System = WebSocketSystem<typeof protocol, TestIdentity>;

const systems: System[] = [];
afterEach(async () => {
  for (const { manager } of systems.splice(0)) await manager.close();
});

export function createSystem(config: Config = {}): System {
  const system = createWebSocketSystem<typeof protocol, TestIdentity>({
    protocol,
    authorize: () => true,
    ...config,
  });
  systems.push(system);
  return system;
}

export async function open(manager: Manager, userId: string, data: object = {}): Promise<BareSocket> {
  const ws = new BareSocket(userId, data);
  manager.handleOpen(ws);
  await turns();
  return ws;
}

export function hello(page: Page): string {
  const { clientId, attempt } = page;
  return JSON.stringify({ type: "hello", clientId, attempt, positions: [], rooms: [], $: { id: "h" } });
}

/** Measures how deeply calls of application code are nested. */
export class Nesting {
  deepest = 0;
  #depth = 0;

  inside<TResult>(run: () => TResult): TResult {
    this.deepest = Math.max(this.deepest, ++this.#depth);
    try {
      return run();
    } finally {
      this.#depth--;
    }
  }
}
