import { createRandom } from "@halyard/testing";
import { describe, expect, it } from "vitest";
import { STORAGE_MODES } from "../support/better-auth-parts.ts";
import { handshake } from "../support/handshake.ts";
import { Users } from "../support/users.ts";
import { RawClient } from "../support/raw-client.ts";
import { onEachBackplaneIfLong, ORIGIN } from "../support/test-app.ts";

const RACES = 100;
const AT_ONCE = 10;
/** 1,000 uses of 50 tickets. */
const [ROUNDS, TICKETS, USES] = [10, 5, 20];

describe.each(STORAGE_MODES)("D9, with sessions in %s", (mode) => {
  // The package better-auth runs many more races against its authenticator.
  onEachBackplaneIfLong("races of revocation against upgrade", { betterAuth: { mode } }, (app) => {
    it("no connection survives a revocation during its upgrade", { timeout: 60_000 }, async () => {
      const seed = Date.now() % 1_000_000;
      const random = createRandom(seed);
      const { id: userId } = await new Users(app).signUp();
      let opened = 0;
      const race = async () => {
        const token = (await app.command("createSession", { userId })) as string;
        const client = new RawClient({ url: app.url, headers: { authorization: `Bearer ${token}` } });
        const [isOpen] = await Promise.all([
          client.open().then(
            () => true,
            () => false,
          ),
          app.command("revokeSession", { token, turns: Math.floor(random() * 30) }),
        ]);
        if (!isOpen) return;
        opened++;
        expect((await client.end(1_000)).code, `seed ${String(seed)}`).toBe(4401);
      };
      for (let run = 0; run < RACES; run += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, async () => race()));
      expect(opened).toBeGreaterThan(0);
      expect(await app.command("user", { userId })).toMatchObject({ connections: 0 });
    });
  });
});

onEachBackplaneIfLong("A18: a thousand uses of tickets", { betterAuth: {} }, (app) => {
  it(
    "1,000 uses of 50 tickets open exactly one connection for each ticket",
    { timeout: 60_000 },
    async () => {
      const users = new Users(app);
      let opened = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        const tickets = await Promise.all(
          Array.from({ length: TICKETS }, async () => ticketOf(users, app.user("guest"))),
        );
        const uses = tickets.flatMap((ticket) =>
          Array.from({ length: USES }, async () => isAccepted(app.port, ticket)),
        );
        opened += (await Promise.all(uses)).filter((isOpen) => isOpen).length;
        expect(opened).toBe(TICKETS * round);
      }
    },
  );
});

async function ticketOf(users: Users, name: string): Promise<string> {
  const response = await users.post("halyard/ticket", {}, await users.signUp(name));
  return ((await response.json()) as { ticket: string }).ticket;
}

async function isAccepted(port: number, ticket: string): Promise<boolean> {
  const headers = [
    ["Origin", ORIGIN],
    ["Sec-WebSocket-Protocol", `halyard.v1, halyard.ticket.${ticket}`],
  ] as const;
  const { status } = await handshake({ port, headers });
  // A server whose event loop was blocked asks for another try.
  if (status === 503) return isAccepted(port, ticket);
  expect([101, 401]).toContain(status);
  return status === 101;
}
