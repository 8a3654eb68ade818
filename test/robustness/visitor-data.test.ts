// What a visitor makes others carry: names and images, tickets, headers.
import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import type { Header } from "../support/handshake.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import { Users } from "../support/users.ts";
import { Page } from "../support/v1-client.ts";

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

onEachRuntime("profiles of users", { betterAuth: {} }, (app) => {
  const users = new Users(app);

  it("a name of 2 MB and an image of 900 KB reach others with 1 KiB at most, wherever they go [s-S5]", async () => {
    const [ada, bea] = [await users.signUp(), await users.signUp()];
    const reader = await users.v1(bea);
    await users.post("update-user", { name: `${"x".repeat(199)}😀${"y".repeat(2_000_000)}` }, ada);
    await users.post("update-user", { image: `data:image/png;base64,${"A".repeat(900_000)}` }, ada);
    const writer = await app.openV1(ada.id, new Page(), { headers: { cookie: ada.cookie } });
    const { user } = (await writer.hello()) as unknown as { user: object };
    const joined = (await reader.next({ type: "user_joined" })) as unknown as { users: object[] };
    const list = (await writer.next("user_list")) as unknown as { users: { userId: string }[] };
    writer.post("chat_message", { content: "hi" });
    const chat = (await reader.next("chat_message")) as unknown as { from: object };
    writer.post("poked", { text: "hi" });
    const poked = (await reader.next("poked")) as unknown as { from: object };
    const listed = list.users.find(({ userId }) => userId === ada.id);
    for (const profile of [user, joined.users[0], listed, chat.from, poked.from]) {
      expect(profile).toMatchObject({ userId: ada.id, name: "x".repeat(199) });
      expect(profile).not.toHaveProperty("image");
      expect(bytes(profile)).toBeLessThanOrEqual(1_024);
    }
    const before = reader.frames.length;
    await users.post("update-user", { name: "z".repeat(1_000_000) }, ada);
    const renamed = (await reader.next({ type: "user_joined" })) as unknown as { users: object[] };
    expect(renamed.users[0]).toMatchObject({ name: "z".repeat(200) });
    expect(bytes(reader.frames.slice(before))).toBeLessThan(4_096);
    const lines = (await app.command("log")) as string[];
    expect(lines.filter((line) => line.includes("profile_cut"))).toHaveLength(1);
  });

  it("wrong tickets in band have a rate, and end the connection with 4029 [s-S7]", async () => {
    const eve = await users.signUp();
    const attempt = async () => {
      const client = await users.plain(eve);
      for (let n = 0; n < 200; n++)
        client.send({ type: "authenticate", ticket: String(n).padStart(43, "A"), $: { id: String(n) } });
      const answered = client.seen({ $: { re: "199" } }).then(() => "still open");
      const code = await Promise.race([
        client.closed.then(({ code }) => code),
        answered.catch(() => "closed"),
      ]);
      return { code, asked: client.all({ type: "error", code: "unauthenticated" }).length };
    };
    const first = await attempt();
    expect(first).toMatchObject({ code: 4029 });
    const second = await attempt();
    expect(second).toMatchObject({ code: 4029 });
    expect(first.asked + second.asked).toBeLessThanOrEqual(60);
  });
});

onEachRuntime("headers of an upgrade", {}, (app) => {
  it("the authenticator gets the runtime's own request, for an upgrade and for a plain GET [s-S8]", async () => {
    const user = app.user();
    const headers: Header[] = [
      ["Origin", ORIGIN],
      ["Cookie", `session=${user}`],
    ];
    for (const plain of [true, false]) await handshake({ port: app.port, plain, headers });
    const raw = app.runtime === "node" ? "IncomingMessage" : "Request";
    expect((await app.journal("authenticate", user)).map((entry) => entry["raw"])).toEqual([raw, raw]);
  });

  it.each([false, true])(
    "more than 100 headers are refused, in a plain GET (%s) too [s-A9]",
    async (plain) => {
      const own: Header[] = [
        ["Origin", ORIGIN],
        ["Cookie", `session=${app.user()}`],
      ];
      const many = (count: number) =>
        Array.from({ length: count }, (_, n): Header => [`X-${String(n)}`, "x"]);
      const few = await handshake({ port: app.port, plain, headers: [...own, ...many(80)] });
      expect(few.status).toBe(plain ? 426 : 101);
      const { status } = await handshake({ port: app.port, plain, headers: [...own, ...many(900)] });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).not.toBe(426);
    },
  );
});
