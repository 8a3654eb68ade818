import { createWebSocketClient } from "@halyard/client";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { onEachBackplane, ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachBackplane("requests from the server to a client", {}, (app) => {
  const request = (userId: string, timeoutMs?: number) => app.command("request", { userId, timeoutMs });

  it("each request from the server is answered by the client of its own connection", async () => {
    const [ada, bob] = [app.user("ada"), app.user("bob")];
    const clients = [await app.v1(ada), await app.v1(bob)];
    const answers = Promise.all([request(ada), request(bob)]);
    for (const client of clients) {
      const { $, ...frame } = await client.next("request");
      expect(frame).toEqual({ type: "request", name: "confirm", input: { value: "sure?" } });
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
    ["a result that fails its schema", { type: "reply", result: { value: 1 } }, { code: "invalid_message" }],
  ])("a request from the server rejects when the client replies with %s", async (_name, frame, expected) => {
    const ada = app.user();
    const client = await app.v1(ada);
    const answer = request(ada);
    const { $ } = await client.next("request");
    client.send({ ...frame, $: { re: $?.id } });
    expect(await answer).toEqual(expected);
    expect(await client.deliver("note", { text: "still here" })).toMatchObject({ type: "reply" });
  });

  it("a request from the server without a reply times out, and a late reply is ignored", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    expect(await request(ada, 50)).toEqual({ code: "timeout" });
    const { $ } = await client.seen("request");
    client.send({ type: "reply", result: { value: "late" }, $: { re: $?.id } });
    await client.sync();
    expect(client.all("error")).toEqual([]);
  });

  it("a request from the server rejects when its connection is lost, and is not sent on the next one", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const answer = request(ada);
    await client.next("request");
    await client.cut();
    expect(await answer).toEqual({ code: "unavailable" });
    const again = await app.v1(ada, client.page);
    await again.sync();
    expect(again.all("request")).toEqual([]);
  });

  it("a request from the server is not sent to a plain client", async () => {
    const ada = app.user();
    const client = await app.plain(ada);
    expect(await request(ada)).toEqual({ code: "not_found" });
    await client.sync();
    expect(client.all("request")).toEqual([]);
  });

  it("a request from the server is answered by the handler that the client sets with onRequest", async () => {
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
    expect(await request(ada)).toEqual({ code: "not_found" });
    client.onRequest("confirm", async ({ value }) => Promise.resolve({ value: `${value} yes` }));
    expect(await request(ada)).toEqual({ value: "sure? yes" });
    client.close();
  });

  it("a request from the server is answered while a handler of the same connection runs", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    client.post("wait", { ms: 60_000, tag: "never" });
    const answer = request(ada);
    const { $ } = await client.next("request");
    client.send({ type: "reply", result: { value: "yes" }, $: { re: $?.id } });
    expect(await answer).toEqual({ value: "yes" });
  });
});
