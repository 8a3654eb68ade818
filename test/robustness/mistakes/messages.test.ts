// Mistakes of an open connection: what the console of the server says, and what the client hears.
import { defineProtocol, message, request } from "@halyard/protocol";
import { expect, it } from "vitest";
import { z } from "zod";
import { until } from "../../support/wait.ts";
import { expectRow, Scene } from "./scene.ts";
import type { AnyClient, Config, System } from "./scene.ts";

const scene = new Scene();

const protocol = defineProtocol({
  clientMessages: {
    vote: message(z.object({ option: z.int(), place: z.object({ rows: z.array(z.int()) }).optional() })),
    cursor: message(z.object({ x: z.int() }), { ephemeral: true, relay: "all" }),
  },
  serverMessages: { voted: message(z.object({ option: z.int() })) },
  requests: { load: request({ input: z.object({ id: z.string() }), output: z.array(z.string()) }) },
});

async function open(add?: (system: System) => void, config: Config = {}): Promise<AnyClient> {
  const client = scene.connect(await scene.serve({ protocol, ...config }, add));
  await until("open", () => client.state.status === "open");
  return client;
}

async function vote(client: AnyClient, fields: object = { option: 1 }): Promise<void> {
  scene.tell(await client.send("vote", fields));
}

it("a message without a handler is named with the line to write [s-M1]", async () => {
  const client = await open();
  await vote(client);
  await vote(client);
  await expectRow("no-handler", scene.said);
  expect(scene.lines).toHaveLength(1);
});

it("a message that the contract does not have is the client's error [s-M1]", async () => {
  const client = await open();
  scene.tell(await client.send("vtoe" as never, {}));
  await expectRow("unknown-type", scene.said);
});

it("a request without a handler is named with the line to write [s-M1]", async () => {
  const client = await open();
  await client.request("load", { id: "1" }).catch((error: unknown) => {
    scene.tell(String(error));
  });
  await expectRow("no-request-handler", scene.said);
});

it("a message that does not fit its schema says which field, to the receipt and to on(error) [s-M2]", async () => {
  const client = await open(({ handlers }) => handlers.on("vote", () => undefined));
  const heard: unknown[] = [];
  client.on("error", (error: unknown) => heard.push(error));
  const receipt = await client.send("vote", { option: "1", place: { rows: [1, "2"] } });
  expect(receipt).toMatchObject({
    status: "rejected",
    error: {
      code: "invalid_message",
      message: expect.stringMatching(/^invalid message: option: /) as string,
      issues: [{ path: "option" }, { path: "place.rows[1]" }],
    },
  });
  expect(heard).toMatchObject([{ type: "error", code: "invalid_message", issues: [{ path: "option" }, {}] }]);
  scene.tell(receipt);
  await expectRow("invalid-message", scene.said);
});

it("an input of a request that does not fit says which field [s-M2]", async () => {
  const client = await open(({ handlers }) => handlers.onRequest("load", () => []));
  await expect(client.request("load", { id: 1 })).rejects.toMatchObject({
    code: "invalid_message",
    issues: [{ path: "id" }],
    message: expect.stringMatching(/^invalid message: id: /) as string,
  });
});

it("a handler that throws is one line with its stack, once and then counted, and internal at the client [s-M1]", async () => {
  const client = await open(({ handlers }) =>
    handlers.on("vote", () => {
      throw new Error("no such table: votes", { cause: new Error("the database is old") });
    }),
  );
  await vote(client);
  await vote(client);
  await expectRow("handler-throws", scene.said);
  expect(scene.lines.slice(1)).toEqual([]);
  const [first = "", ...stack] = (scene.lines[0] ?? "").split("\n");
  expect(first).toBe(
    "[halyard] the application's code failed (type: vote, userId: ada): Error: no such table: votes",
  );
  expect(stack.some((line) => line.includes("messages.test.ts"))).toBe(true);
  expect(stack.join("\n")).toContain("    caused by Error: the database is old");
});

it("with onError the console says nothing of the application's errors, and with logger: false nothing at all [s-M1]", async () => {
  const heard: unknown[] = [];
  const add = ({ handlers }: System): unknown =>
    handlers.on("vote", () => {
      throw new Error("heard");
    });
  await vote(await open(add, { onError: (error) => heard.push(error) }));
  await vote(await open(add, { logger: false }));
  expect(heard).toMatchObject([{ message: "heard" }]);
  expect(scene.lines).toEqual([]);
});

it("a reply that does not fit its schema is named with its field, and internal at the client [s-M1]", async () => {
  const client = await open(({ handlers }) => handlers.onRequest("load", () => [1]));
  await client.request("load", { id: "1" }).catch((error: unknown) => {
    scene.tell(String(error));
  });
  await expectRow("reply-does-not-fit", scene.said);
});

it("a room without authorize is named with the line to write [s-M1]", async () => {
  const client = await open();
  scene.tell(await client.join("lobby").ready);
  await expectRow("missing-authorize", scene.said);
});

it("a room that authorize never allows is a security event, and the client's error [s-M1]", async () => {
  const client = await open(undefined, { authorize: ({ room }) => room === "all" });
  scene.tell(await client.join("lobby").ready);
  await expectRow("room-never-allowed", scene.said);
});

it("an authorize that answers with a row of a database is named [s-M1]", async () => {
  const client = await open(undefined, { authorize: (() => Promise.resolve({ id: 1 })) as never });
  scene.tell(await client.join("lobby").ready);
  await expectRow("authorize-gives-a-row", scene.said);
});

it("a room name that is none says the rule [s-M1]", async () => {
  const client = await open(undefined, { authorize: () => true });
  scene.tell(await client.join("all").ready);
  await expectRow("room-name", scene.said);
});

it("a message that is too large is rejected before it is sent [s-M1]", async () => {
  const client = await open();
  scene.tell(await client.send("chat_message", { content: "a".repeat(70_000) }));
  await expectRow("too-large", scene.said);
});

it("an ephemeral message has no receipt to wait for [s-M1]", async () => {
  const client = await open();
  try {
    const receipt = await (client.send("cursor", { x: 1 }) as unknown as Promise<{ status: string }>);
    scene.tell(receipt.status);
  } catch (error) {
    scene.tell(String(error));
  }
  await expectRow("ephemeral-awaited", scene.said);
});

it("a call after close is rejected [s-M1]", async () => {
  const client = await open();
  client.close();
  await vote(client);
  await expectRow("after-close", scene.said);
});

it("a listener that throws is the application's own error in onError [s-M1]", async () => {
  const url = await scene.serve({ protocol });
  const client = scene.connect(url, {
    onError: (error) => {
      scene.tell(String(error));
    },
  });
  client.on("chat_message", () => {
    throw new TypeError("list is undefined");
  });
  void client.send("chat_message", { content: "hello" });
  await expectRow("listener-throws", scene.said);
});

it("verboseLogging writes connects, closes, messages and refusals to the console [s-M2]", async () => {
  const client = await open(undefined, { verboseLogging: true });
  await vote(client, { option: "a secret" });
  client.close();
  await until("the close", () => scene.lines.some((line) => line.includes("connection closed")));
  const said = scene.lines.join("\n");
  expect(said).toContain("[halyard] connection connected (userId: ada");
  expect(said).toContain("[halyard] message received (type: vote");
  expect(said).toContain("[halyard] message refused (code: unknown_type");
  expect(said).not.toContain("a secret");
});
