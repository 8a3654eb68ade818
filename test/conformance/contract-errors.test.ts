import { expect, it } from "vitest";
import { Page } from "../support/v1-client.ts";
import { onEachRuntime, onEachRuntimeAndTwoNodes } from "../support/test-app.ts";

const outOfStock = {
  type: "error",
  code: "internal",
  message: "Two are left.",
  retryable: false,
  application: { code: "out_of_stock", data: { left: 2, note: "" } },
};

onEachRuntimeAndTwoNodes("an error of the contract", {}, (app) => {
  it("answers sends and requests with its data, and repetitions on the next connection get the same [s-P8]", async () => {
    const ada = app.user("ada");
    const page = new Page();
    const first = await app.v1(ada, page);
    const frames = [
      { type: "order", how: "out of stock", $: { seq: 1 } },
      { type: "request", name: "order", input: { how: "out of stock" }, $: { id: "o1" } },
    ];
    for (const frame of frames) first.send(frame);
    expect(await first.answer(1)).toEqual({ ...outOfStock, $: { re: 1 } });
    expect(await first.answer("o1")).toEqual({ ...outOfStock, $: { re: "o1" } });
    await first.cut();
    const again = await app.v1(ada, page);
    for (const frame of frames) again.send(frame);
    expect(await again.answer(1)).toEqual({ ...outOfStock, $: { re: 1 } });
    expect(await again.answer("o1")).toEqual({ ...outOfStock, $: { re: "o1" } });
    expect(await app.journal("order", ada)).toHaveLength(2);
  });
});

onEachRuntime("an error of the contract", {}, (app) => {
  it("may have no data, and is told where nothing else answers, and is no failure of the server [s-P8]", async () => {
    const client = await app.v1();
    const closed = {
      code: "internal",
      message: "closed for today",
      application: { code: "closed_for_today" },
    };
    const before = (await app.journal("error")).length;
    expect(await client.request("order", { how: "closed" })).toMatchObject(closed);
    client.send({ type: "cast", how: "closed" });
    expect(await client.next("error")).toMatchObject(closed);
    expect(await app.journal("error")).toHaveLength(before);
  });

  it.each([
    ["misfit", "the data of out_of_stock does not fit its schema: left"],
    ["large", "the data of out_of_stock is larger than 512 bytes"],
  ])(
    "whose data is %s is a failure where it is thrown, and nothing of it is sent [s-P8]",
    async (how, text) => {
      const client = await app.v1();
      for (const answer of [await client.deliver("order", { how }), await client.request("order", { how })]) {
        expect(answer).toMatchObject({ type: "error", code: "internal", message: "internal" });
        expect(answer).not.toHaveProperty("application");
      }
      expect((await app.journal("error")).map(({ message }) => message)).toContainEqual(
        expect.stringContaining(text),
      );
    },
  );
});
