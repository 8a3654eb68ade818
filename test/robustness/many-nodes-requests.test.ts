// manager.request on two managers over one store: a client is asked wherever it is connected.
import { describe, expect, it } from "vitest";
import { answer, asked, connectionIdOf, outcome, scene, YES } from "../support/asking-nodes.ts";

describe("a request of the server to a client on another node", () => {
  it("is answered there, and comes back through both schemas", async () => {
    const { nodes, a } = scene();
    const socket = await nodes.connect(nodes.b, "ada");
    const result = outcome(a.request({ userId: "ada" }, "confirm", {}));
    await nodes.run(200);
    expect(asked(socket).map(({ name, input }) => [name, input])).toEqual([
      ["confirm", { question: "Sure?" }],
    ]);
    answer(socket, { result: { answer: "no", secret: 1 } });
    await nodes.run(200);
    expect(await result).toEqual({ answer: "no" });
  });

  it("reaches one connection by its id, and no other one of the user", async () => {
    const { nodes, a } = scene();
    const sockets = [
      await nodes.connect(nodes.b, "ada", { rooms: ["hall"] }),
      await nodes.connect(nodes.b, "ada"),
    ] as const;
    const id = connectionIdOf(a, "ada");
    await nodes.run(3_000);
    const before = sockets.map((socket) => asked(socket).length);
    const result = outcome(a.request({ connectionId: await id }, "confirm", { question: "You?" }));
    await nodes.run(200);
    expect(sockets.map((socket, n) => asked(socket).length - (before[n] ?? 0))).toEqual([1, 0]);
    answer(sockets[0], YES);
    await nodes.run(200);
    expect(await result).toEqual({ answer: "yes" });
  });

  it("waits for its answer for as long as it takes, with timeoutMs: Infinity", async () => {
    const { nodes, a } = scene();
    const socket = await nodes.connect(nodes.b, "ada");
    const result = outcome(a.request({ userId: "ada" }, "confirm", {}, { timeoutMs: Infinity }));
    await nodes.run(60_000);
    answer(socket, YES);
    await nodes.run(200);
    expect(await result).toEqual({ answer: "yes" });
  });

  it.each([
    ["an error of its own", { code: "conflict" }, "conflict"],
    ["what the schema refuses", { result: { answer: "maybe" } }, "invalid_message"],
  ])("rejects for a client that answers with %s", async (_, said, code) => {
    const { nodes, a } = scene();
    const socket = await nodes.connect(nodes.b, "ada");
    const result = outcome(a.request({ userId: "ada" }, "confirm", {}));
    await nodes.run(200);
    answer(socket, said);
    await nodes.run(200);
    expect(await result).toBe(code);
  });

  it("asks every device, and the first answer counts; errors count when there is nothing else", async () => {
    const { nodes, a } = scene();
    const devices = [
      await nodes.connect(nodes.a, "ada"),
      await nodes.connect(nodes.b, "ada"),
      await nodes.connect(nodes.b, "ada"),
    ] as const;
    const first = outcome(a.request({ userId: "ada" }, "confirm", {}));
    await nodes.run(200);
    answer(devices[0], { code: "not_found" });
    answer(devices[1], { code: "forbidden" });
    await nodes.run(200);
    answer(devices[2], YES);
    await nodes.run(200);
    expect(await first).toEqual({ answer: "yes" });

    const second = outcome(a.request({ userId: "ada" }, "confirm", {}));
    await nodes.run(200);
    for (const device of devices) answer(device, { code: device === devices[1] ? "forbidden" : "not_found" });
    await nodes.run(200);
    expect(await second).toBe("forbidden");
  });

  it("frees what is left when the first device has answered: nothing counts against the others' limit", async () => {
    const { nodes, a } = scene();
    const [phone, laptop] = [await nodes.connect(nodes.b, "ada"), await nodes.connect(nodes.b, "ada")];
    for (let n = 0; n < 40; n++) {
      const result = outcome(a.request({ userId: "ada" }, "confirm", {}));
      await nodes.run(50);
      answer(laptop, YES);
      await nodes.run(50);
      expect(await result).toEqual({ answer: "yes" });
    }
    expect(asked(phone)).toHaveLength(40);
  });

  it("rejects with payload_too_large for an input that no frame carries", async () => {
    const { nodes, a } = scene();
    await nodes.connect(nodes.b, "ada");
    const result = outcome(a.request({ userId: "ada" }, "confirm", { question: "?".repeat(1024 * 1024) }));
    await nodes.run(200);
    expect(await result).toBe("payload_too_large");
  });

  it.each([
    ["a user who is not there", { userId: "bob" }],
    ["a connection that is closed", { connectionId: "b.77" }],
    ["a node that there never was", { connectionId: "nowhere.1" }],
    ["what is no id", { connectionId: "x" }],
  ])("rejects with unavailable for %s", async (_, target) => {
    const { nodes, a } = scene();
    await nodes.connect(nodes.b, "ada");
    const result = outcome(a.request(target, "confirm", {}));
    await nodes.run(2_100);
    expect(await result).toBe("unavailable");
  });

  it("rejects with unavailable for a node that is dead, and with timeout for one that dies meanwhile", async () => {
    const { nodes, a } = scene();
    await nodes.connect(nodes.b, "ada", { rooms: ["hall"] });
    const id = connectionIdOf(a, "ada");
    await nodes.run(3_000);
    const connectionId = await id;
    const meanwhile = outcome(a.request({ connectionId }, "confirm", {}));
    await nodes.run(200);
    nodes.shared.partition("b");
    const after = [
      outcome(a.request({ connectionId }, "confirm", {})),
      outcome(a.request({ userId: "ada" }, "confirm", {})),
    ];
    await nodes.run(2_100);
    expect(await Promise.all(after)).toEqual(["unavailable", "unavailable"]);
    await nodes.run(10_000);
    expect(await meanwhile).toBe("timeout");
  });

  it.each([300, 1_000])(
    "settles within its time of %i ms, and asks the clients of the nodes that answer",
    async (timeoutMs) => {
      const { nodes, a } = scene();
      const socket = await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
      nodes.shared.freeze("b");
      const results: unknown[] = [];
      const note = (result: unknown): void => void results.push(result);
      void outcome(a.request({ userId: "ada" }, "confirm", {}, { timeoutMs })).then(note);
      void outcome(a.requestRoom("hall", "confirm", {}, { timeoutMs })).then(note);
      await nodes.run(timeoutMs / 2);
      expect(asked(socket)).toHaveLength(2);
      for (const { $ } of asked(socket))
        socket.say({ type: "reply", ...YES, $: { re: ($ as { readonly id: string }).id } });
      await nodes.run(10);
      expect(results).toMatchObject([{ answer: "yes" }, [{ status: "fulfilled", value: { answer: "yes" } }]]);
      results.length = 0;
      nodes.shared.freeze("a");
      void outcome(a.request({ userId: "ada" }, "confirm", {}, { timeoutMs })).then(note);
      await nodes.run(timeoutMs);
      expect(results).toEqual(["timeout"]);
    },
  );

  it("ends with the signal, and rejects with its reason", async () => {
    const { nodes, a } = scene();
    await nodes.connect(nodes.b, "ada");
    const controller = new AbortController();
    const reason = new Error("no longer needed");
    const options = { signal: controller.signal };
    const result = a.request({ userId: "ada" }, "confirm", {}, options).catch((error: unknown) => error);
    await nodes.run(200);
    controller.abort(reason);
    expect(await result).toBe(reason);
    const before = a.request({ userId: "ada" }, "confirm", {}, options).catch((error: unknown) => error);
    await nodes.run(200);
    expect(await before).toBe(reason);
  });

  it("is asked once where each call has its effect twice and replies are lost", async () => {
    const { nodes, a } = scene(undefined, {
      seed: 5,
      doubledCalls: 1,
      lostReplies: 0.2,
      latencyMs: { min: 1, max: 25 },
    });
    const socket = await nodes.connect(nodes.b, "ada");
    await nodes.run(5_000);
    const before = asked(socket).length;
    const result = outcome(a.request({ userId: "ada" }, "confirm", {}));
    await nodes.run(1_500);
    const times = asked(socket).length - before;
    answer(socket, YES);
    await nodes.run(2_000);
    // Where a reply to the first question was lost, it was never asked.
    expect([times, await result]).toEqual(times === 1 ? [1, { answer: "yes" }] : [0, "unavailable"]);
  });

  it("rejects with a TypeError for an input that is none, and drops what it cannot use of a message", async () => {
    const { nodes, a } = scene();
    await expect(a.request({ userId: "ada" }, "confirm", { question: 1 as never })).rejects.toThrow(
      TypeError,
    );
    await expect(a.request({ userId: "ada" }, "other" as never, {} as never)).rejects.toThrow(TypeError);
    const foreign = nodes.shared.node("foreign");
    for (const message of [
      { to: "a.1", answer: 7 },
      { id: "1", from: "foreign", question: { ask: "cancel", of: "2" } },
      {
        id: "2",
        from: "foreign",
        question: { ask: "request", connections: ["a.9"], name: "x", timeoutMs: 5 },
      },
    ])
      await Promise.all([foreign.send("a", JSON.stringify(message)), nodes.run(50)]);
    expect(nodes.errors).toEqual([]);
  });
});
