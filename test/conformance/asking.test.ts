import { createWebSocketClient } from "@halyard/client";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachRuntime("a request of the server", {}, (app) => {
  const ask = (userId: string, timeoutMs?: number) => app.command("ask", { userId, timeoutMs });

  it("is answered by the client of that connection, each by its own", async () => {
    const [ada, bob] = [app.user("ada"), app.user("bob")];
    const clients = [await app.v1(ada), await app.v1(bob)];
    const answers = Promise.all([ask(ada), ask(bob)]);
    for (const client of clients) {
      const { $, ...asked } = await client.next("request");
      expect(asked).toEqual({ type: "request", name: "confirm", input: { value: "sure?" } });
      client.send({
        type: "reply",
        result: { value: client === clients[0] ? "yes" : "no", more: 1 },
        $: { re: $?.id },
      });
    }
    expect(await answers).toEqual([{ value: "yes" }, { value: "no" }]);
  });

  it.each([
    [
      "an error",
      { type: "error", code: "not_found", message: "What?", retryable: false },
      { code: "not_found" },
    ],
    ["a result that does not fit", { type: "reply", result: { value: 1 } }, { code: "invalid_message" }],
  ])("rejects for %s", async (_name, frame, expected) => {
    const ada = app.user();
    const client = await app.v1(ada);
    const answer = ask(ada);
    const { $ } = await client.next("request");
    client.send({ ...frame, $: { re: $?.id } });
    expect(await answer).toEqual(expected);
    expect(await client.deliver("note", { text: "still here" })).toMatchObject({ type: "reply" });
  });

  it("that is not answered is a timeout, and a late answer costs nobody anything", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    expect(await ask(ada, 50)).toEqual({ code: "timeout" });
    const { $ } = await client.seen("request");
    client.send({ type: "reply", result: { value: "late" }, $: { re: $?.id } });
    await client.sync();
    expect(client.all("error")).toEqual([]);
  });

  it("ends with its connection, and is not asked again on the next", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const answer = ask(ada);
    await client.next("request");
    await client.cut();
    expect(await answer).toEqual({ code: "unavailable" });
    const again = await app.v1(ada, client.page);
    await again.sync();
    expect(again.all("request")).toEqual([]);
  });

  it("does not reach a plain client", async () => {
    const ada = app.user();
    const client = await app.plain(ada);
    expect(await ask(ada)).toEqual({ code: "not_found" });
    await client.sync();
    expect(client.all("request")).toEqual([]);
  });

  it("is answered by what a client gave to onRequest", async () => {
    const ada = app.user();
    const headers = { cookie: `session=${ada}`, origin: ORIGIN };
    const client = createWebSocketClient<typeof protocol>({
      url: app.url,
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers });
        }
      },
    });
    await until("the client to be open", () => client.state.status === "open");
    expect(await ask(ada)).toEqual({ code: "not_found" });
    client.onRequest("confirm", async ({ value }) => Promise.resolve({ value: `${value} yes` }));
    expect(await ask(ada)).toEqual({ value: "sure? yes" });
    client.close();
  });

  it("waits for the handler of nobody: it is answered while a send is at work", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    client.post("wait", { ms: 60_000, tag: "never" });
    const answer = ask(ada);
    const { $ } = await client.next("request");
    client.send({ type: "reply", result: { value: "yes" }, $: { re: $?.id } });
    expect(await answer).toEqual({ value: "yes" });
  });
});
