import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { userIdsOf } from "../support/frame.ts";
import { RawClient } from "../support/raw-client.ts";
import { compile, COMPILERS, project } from "../support/typescript.ts";
import { idOfSend, Page, V1Client } from "../support/v1-client.ts";
import { programs, strictHandler } from "./programs.ts";
import { SampleServer } from "./sample-server.ts";
import { samples } from "./samples.ts";

const BUN = { types: ["bun"], lib: ["ES2023"] };

describe("the reference's code", () => {
  it("each sample of the reference is part of a program", () => {
    const whole = Object.values(programs()).join("\n");
    const missing = samples.filter(({ code }) => {
      const lines = code.split("\n").filter((line) => line !== "" && !line.startsWith("import "));
      // Two lines may differ: the server's `fetch`, and an elision in a comment.
      return !lines.every(
        (line) => whole.includes(line) || /Bun\.serve\(\{|\/\/ \.\.\. other validations/.test(line),
      );
    });
    expect(missing).toEqual([]);
    expect(samples).toHaveLength(12);
  });

  it.each(COMPILERS)(
    "the samples compile as written apart from imports and fetch, with noImplicitAny off and %s",
    async (compiler) => {
      const directory = project(`reference-${compiler}`, programs(), { ...BUN, noImplicitAny: false });
      expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
    },
  );

  it.each(COMPILERS)(
    "the sample's handler class with four annotations passes strict with %s",
    async (compiler) => {
      const directory = project(`reference-strict-${compiler}`, { "handler.ts": strictHandler() }, BUN);
      expect(await compile(compiler, directory)).toEqual({ ok: true, output: "" });
    },
  );
});

describe("the reference's server, on Bun", () => {
  const directory = project("reference-run", programs(), BUN);
  const server = new SampleServer(directory);
  const clients: RawClient[] = [];
  let [url, customUrl] = ["", ""];
  beforeAll(async () => {
    [url, customUrl] = await server.listen();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(async (client) => client.close()));
  });
  afterAll(async () => server.stop());

  const open = async (user: string, at = url) => {
    const client = new RawClient({ url: `${at}?user=${user}` });
    clients.push(client);
    return client.open();
  };

  it("the server welcomes a plain client, then sends the user list", async () => {
    const ada = await open("ada");
    expect(await ada.nextFrame()).toMatchObject({ type: "welcome", user: { userId: "ada", name: "ada" } });
    expect(userIdsOf(await ada.next("user_list"))).toEqual(["ada"]);
  });

  it("chat as text and as JSON reaches other users and other tabs, and not its sender", async () => {
    const [ada, tab, bob] = [await open("ada"), await open("ada"), await open("bob")];
    await Promise.all([ada, tab, bob].map(async (client) => client.next("user_list")));
    ada.send("plain text");
    ada.send({ type: "chat_message", content: "as JSON" });
    for (const client of [tab, bob]) {
      expect(await client.next("chat_message")).toMatchObject({
        content: "plain text",
        from: { userId: "ada" },
      });
      expect(await client.next("chat_message")).toMatchObject({ content: "as JSON" });
    }
    await ada.sync();
    expect(ada.all("chat_message")).toEqual([]);
  });

  it("the server handles typing, ping, and messages that it cannot read", async () => {
    const [ada, bob] = [await open("ada"), await open("bob")];
    await bob.next("user_list");
    ada.send({ type: "typing_indicator", isTyping: true });
    expect(await bob.next("typing_indicator")).toMatchObject({ userId: "ada", isTyping: true });
    ada.send({ type: "ping" });
    await ada.next("pong");
    ada.send("{broken");
    expect(await ada.next("error")).toMatchObject({ code: "invalid_json" });
    ada.send({ type: "nonsense" });
    expect(await ada.next("error")).toMatchObject({ code: "unknown_type" });
  });

  it("the server allows five connections of a user and closes the sixth with 4011", async () => {
    for (let n = 0; n < 5; n++) await (await open("eve")).next("user_list");
    const sixth = await open("eve");
    expect(await sixth.end()).toMatchObject({ code: 4011 });
    expect(sixth.all("welcome")).toEqual([]);
  });

  it("the server closes a connection without a user with 4401", async () => {
    const anonymous = new RawClient({ url });
    clients.push(anonymous);
    expect(await (await anonymous.open()).end()).toMatchObject({ code: 4401 });
  });

  it("the server broadcasts the announcement and prints the statistics", async () => {
    const clientsOf = [await open("ada"), await open("ada"), await open("bob")];
    await Promise.all(clientsOf.map(async (client) => client.next("user_list")));
    server.run("broadcast");
    for (const client of clientsOf) {
      expect(await client.next("announcement")).toMatchObject({ message: "Server maintenance in 5 minutes" });
    }
    await server.printed(/Total users: 2\s+Total connections: 3/);
    server.run("debug");
    await server.printed(/Connection stats: \{\s+totalUsers: 2,\s+totalConnections: 3,/);
  });

  it("the smaller snippets run", async () => {
    server.run("fragments");
    await server.printed(/Error processing message:[\s\S]*planned/);
    await server.printed(/User ada@example.com connected/);
    await server.printed(/Sent: open\n/);
    await server.printed(/Valid: true/);
    await server.printed(/Verbose: 0/);
  });

  it("the sample's handler runs from the sample's registry", async () => {
    const ada = await open("ada", customUrl);
    await ada.next("user_list");
    ada.send({ type: "custom_message", content: "printed by the sample" });
    await server.printed(/Custom message received: printed by the sample/);
    ada.send({ type: "custom_message" });
    expect(await ada.next("error")).toMatchObject({ code: "invalid_message" });
    ada.send({ type: "chat_message", content: "not in this registry" });
    expect(await ada.next("error")).toMatchObject({ code: "unknown_type" });
  });

  it("the server serves a halyard.v1 client, which sends hello first", async () => {
    const client = new V1Client({ url: `${url}?user=vera`, protocols: [] }, new Page());
    clients.push(client);
    await client.open();
    await client.hello();
    const reply = await client.deliver("chat_message", { content: "acknowledged" });
    expect(reply).toMatchObject({ type: "reply", result: { id: idOfSend(client.page, 1), ch: "all" } });
    await client.seen("skip");
  });
});
