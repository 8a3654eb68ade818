// The recipes of docs/recipes for what a page does: state that is loaded, older messages, badges, private messages, requests with a key.
// Each one's server is a process, and the code of its page runs here, with real clients.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createWebSocketClient } from "@halyard/client";
import type { Room, WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { afterEach, describe, expect, inject, it } from "vitest";
import { until } from "../support/wait.ts";
import { Project } from "./project.ts";
import { RecipeApp } from "./recipe-app.ts";
import { filesOf, writeRecipe } from "./recipe-files.ts";

type Client = WebSocketClient<never>;
type ShowProblem = (error: unknown) => void;
interface Note {
  readonly from: string;
  readonly to: string;
  readonly content: string;
}
/** What the files for the browser export. */
interface PollModule {
  watchPoll(client: Client, show: (votes: readonly number[]) => void, showProblem: ShowProblem): () => void;
}
interface BadgesModule {
  watchBadges(
    client: Client,
    show: (unread: ReadonlyMap<string, number>) => void,
    showProblem: ShowProblem,
  ): { open(name: string | undefined): void; end(): void };
}
interface NotesModule {
  watchUsers(client: Client, show: (users: readonly { name: string }[]) => void): () => void;
  watchNotes(
    client: Client,
    userId: string,
    show: (notes: readonly Note[]) => void,
    showProblem: ShowProblem,
  ): () => void;
}
interface LinesModule {
  watchLines(
    client: Client,
    name: string,
    show: (lines: readonly { content: string }[]) => void,
    showProblem: ShowProblem,
  ): { older(): Promise<boolean>; end(): void };
}
interface PayModule {
  pay(client: Client, payment: { key: string; cents: number }, signal: AbortSignal): Promise<object>;
}

const project = new Project(inject("packedDirectory"));
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Starts the server of a recipe, and loads the file of its page. */
async function open<TModule>(name: string, file: string): Promise<{ app: RecipeApp; page: TModule }> {
  const directory = writeRecipe(project, name, filesOf(`recipes/${name}.md`));
  const app = await RecipeApp.start({ directory, entry: "server.ts" });
  ends.push(async () => app.kill());
  return { app, page: (await import(join(directory, file))) as TModule };
}

function connect(address: string, name: string, options: Partial<WebSocketClientOptions> = {}): Client {
  const client = createWebSocketClient<never>({ ...options, url: `${address}/ws?name=${name}` });
  ends.push(() => {
    client.close();
  });
  return client;
}

/** A proxy in front of the server: its address, and itself, to hold back what the server sends. */
async function proxyOf(app: RecipeApp): Promise<{ address: string; proxy: FaultProxy }> {
  const proxy = await createFaultProxy({ target: { port: Number(new URL(app.address).port) } });
  ends.push(async () => proxy.close());
  return { address: `http://127.0.0.1:${String(proxy.port)}`, proxy };
}

const send = async (from: Client | Room<never>, type: string, fields: object): Promise<unknown> =>
  from.send(type as never, fields as never);
const fail: ShowProblem = (error) => {
  throw error;
};

describe("the recipes of a page", () => {
  it("the recipe loading-state counts each vote once, whenever a page loads, and loads again after a restart [14.4]", async () => {
    const { app, page } = await open<PollModule>("loading-state", "poll.ts");
    const shown: (readonly number[])[] = [];
    const watch = (index: number) =>
      page.watchPoll(
        connect(app.address, `reader${String(index)}`),
        (votes) => (shown[index] = [...votes]),
        fail,
      );
    const voters = ["ada", "bob"].map((name) => connect(app.address, name).join("poll"));
    const votes = Array.from({ length: 120 }, async (_, index) => {
      if (index % 10 === 0) watch(index / 10);
      const voter = voters[index % 2];
      if (voter) await send(voter, "vote", { option: index % 3 });
    });
    await Promise.all(votes);
    const all = Array.from({ length: 12 }, () => [40, 40, 40]);
    await until("every page to have all votes", () => JSON.stringify(shown) === JSON.stringify(all), 20_000);

    // The example's row is in memory: after a restart it is empty.
    await app.stop();
    await app.start();
    const none = all.map(() => [0, 0, 0]);
    await until("every page to load again", () => JSON.stringify(shown) === JSON.stringify(none), 20_000);
  });

  it("the recipe loading-state shows that a load has failed, and loads again without a gap", async () => {
    const { app, page } = await open<PollModule>("loading-state", "poll.ts");
    const { address, proxy } = await proxyOf(app);
    const client = connect(address, "reader", { requestTimeoutMs: 300 });
    await client.join("poll").ready;
    const shown: (readonly number[])[] = [];
    const problems: unknown[] = [];
    for (const connection of proxy.connections) connection.stall("down");
    const end = page.watchPoll(
      client,
      (votes) => shown.push([...votes]),
      (error) => problems.push(error),
    );
    await until("the load to fail", () => problems.length === 1);
    expect([problems, shown]).toMatchObject([[{ code: "timeout" }], []]);
    for (const connection of proxy.connections) connection.resume();
    await until("the next load", () => shown.length > 0);
    await send(connect(app.address, "ada"), "vote", { option: 1 });
    await until("the vote", () => shown.at(-1)?.[1] === 1);
    expect(problems).toHaveLength(1);
    end();
  });

  it("the recipe older-messages pages back to the first line, each line once, and shows what comes", async () => {
    const { app, page } = await open<LinesModule>("older-messages", "lines.ts");
    const database = new DatabaseSync(join(app.directory, "lines.db"));
    ends.push(() => {
      database.close();
    });
    const insert = database.prepare(
      "INSERT INTO lines (id, room, author, content) VALUES (?, 'lobby', 'bob', ?)",
    );
    const contents = Array.from({ length: 120 }, (_, index) => String(index));
    database.exec("BEGIN");
    for (const content of contents) insert.run(`id ${content}`, content);
    database.exec("COMMIT");

    let shown: readonly string[] = [];
    const client = connect(app.address, "ada");
    const lines = page.watchLines(
      client,
      "lobby",
      (list) => (shown = list.map(({ content }) => content)),
      fail,
    );
    await until("the newest page", () => shown.length > 0);
    expect(shown).toEqual(contents.slice(-50));
    await send(client.join("lobby"), "chat_message", { content: "now" });
    await until("what comes", () => shown.at(-1) === "now");
    expect(await lines.older()).toBe(true);
    expect(await lines.older()).toBe(true);
    expect(await lines.older()).toBe(false);
    expect(shown).toEqual([...contents, "now"]);

    await app.stop();
    await app.start();
    await until("the newest page after a gap", () => shown.length === 50, 20_000);
    expect(shown).toEqual([...contents.slice(-49), "now"]);
    lines.end();
  });

  it("the recipe unread shows the same badges on each device of a user, and none in a room that is open", async () => {
    const { app, page } = await open<BadgesModule>("unread", "badges.ts");
    const bob = connect(app.address, "bob");
    const tea = bob.join("tea");
    const say = async () => send(tea, "chat_message", { content: "hello" });
    await say();
    const shown: Record<string, number>[] = [];
    const [phone, laptop] = [0, 1].map((device) =>
      page.watchBadges(
        connect(app.address, "ada"),
        (unread) => (shown[device] = Object.fromEntries(unread)),
        fail,
      ),
    );
    const both = async (tea: number) => {
      const badges = { tea, coffee: 0 };
      const isShown = () =>
        [0, 1].every((device) => JSON.stringify(shown[device]) === JSON.stringify(badges));
      await until(`both to show ${String(tea)} unread`, isShown);
    };
    await both(1);
    await say();
    await both(2);
    phone?.open("tea");
    await both(0);
    await say();
    await both(0);
    phone?.open(undefined);
    await say();
    await both(1);
    phone?.end();
    laptop?.end();
  });

  it("the recipe private-messages delivers to both users' devices and to nobody else, and keeps what comes to a user who is away", async () => {
    const { app, page } = await open<NotesModule>("private-messages", "notes.ts");
    const contents = new Map<string, readonly string[]>();
    const watch = (device: string, name: string, other: string) => {
      const client = connect(app.address, name);
      page.watchNotes(
        client,
        other,
        (notes) =>
          contents.set(
            device,
            notes.map(({ content }) => content),
          ),
        fail,
      );
      return client;
    };
    const hasAll = async (devices: readonly string[], ...all: readonly string[]) =>
      until(`${devices.join()} to show ${all.join()}`, () =>
        devices.every((device) => JSON.stringify(contents.get(device)) === JSON.stringify(all)),
      );
    const ada = watch("ada's phone", "Ada", "bob");
    watch("ada's laptop", "Ada", "bob");
    const carl = watch("carl's phone", "Carl", "bob");
    const heard: unknown[] = [];
    carl.on("note" as never, (note) => heard.push(note));
    let users: readonly string[] = [];
    page.watchUsers(ada, (list) => (users = list.map(({ name }) => name)));
    await until("Carl to be listed", () => users.join() === "Carl");

    await send(ada, "send_note", { to: "bob", content: "are you there?" });
    await hasAll(["ada's phone", "ada's laptop"], "are you there?");
    const bob = watch("bob's phone", "Bob", "ada");
    await hasAll(["bob's phone"], "are you there?");
    await until("Bob to be listed", () => users.includes("Bob"));
    await send(bob, "send_note", { to: "ada", content: "now I am" });
    await hasAll(["ada's phone", "ada's laptop", "bob's phone"], "are you there?", "now I am");
    expect([contents.get("carl's phone"), heard]).toEqual([[], []]);
  });

  it("the recipe requests-once pays once, though the reply is lost and the server killed", async () => {
    const { app, page } = await open<PayModule>("requests-once", "pay.ts");
    const { address, proxy } = await proxyOf(app);
    const client = connect(address, "ada", { backoff: { maxMs: 500 } });
    const { signal } = new AbortController();
    const payment = { key: crypto.randomUUID(), cents: 500 };
    await until("the client to be open", () => client.state.status === "open");
    const database = new DatabaseSync(join(app.directory, "payments.db"));
    ends.push(() => {
      database.close();
    });
    database.exec("PRAGMA journal_mode = WAL"); // the test reads while the server writes
    const payments = () => database.prepare("SELECT user, key, cents FROM payments").all();

    for (const connection of proxy.connections) connection.stall("down");
    const paid = page.pay(client, payment, signal);
    await until("the payment to be stored", () => payments().length === 1);
    await app.kill();
    for (const connection of proxy.connections) connection.cut();
    await app.start();
    expect(await paid).toEqual({ payment: 1 });
    expect(await page.pay(client, payment, signal)).toEqual({ payment: 1 });
    expect(payments()).toEqual([{ ...payment, user: "ada" }]);
    await expect(page.pay(client, { ...payment, cents: 1 }, signal)).rejects.toMatchObject({
      code: "conflict",
    });
  });
});
