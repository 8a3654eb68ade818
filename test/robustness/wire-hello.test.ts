// What a `hello` may ask for, and what becomes of the rest.
import { expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import { states } from "../support/protocol-page.ts";
import { onEachRuntime } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";

onEachRuntime("a hello", { limits: { rooms: 3 } }, (app) => {
  it("that names a room too many, a text that is no name and a refused room gets the other rooms, and `left` with its reason for each of these [s-W6]", async () => {
    const page = new Page();
    const rooms = ["a", "b", "c"].map((name) => app.room(name));
    for (const room of ["no\nname", "secret", ...rooms]) page.rooms.add(room);
    const ada = await app.openV1(app.user(), page);
    const welcome = await ada.hello();
    await ada.sync();
    const left = ada.all("left").map(({ room, reason }) => [room, reason]);
    expect(new Map(left as [string, string][])).toEqual(
      new Map([
        ["no\nname", "invalid_message"],
        ["secret", "forbidden"],
        [rooms[2], "limit_exceeded"],
      ]),
    );
    const states = channelsOf(welcome);
    const joined = Object.keys(states).filter((ch) => states[ch]?.recovered === "new");
    expect(joined.filter((ch) => ch.startsWith("room:"))).toEqual(
      rooms.slice(0, 2).map((room) => `room:${room}`),
    );
    expect(await ada.deliver("chat_message", { content: "here" }, `room:${String(rooms[1])}`)).toMatchObject({
      type: "reply",
    });
  });

  it("with values other than those of the URL is `conflict`, and the connection is closed with 4400 [s-W6]", async () => {
    for (const fields of [{ attempt: 9 }, { clientId: new Page().clientId }]) {
      const ada = await app.openV1(app.user());
      ada.hello(fields).catch(() => undefined);
      expect(await ada.end()).toMatchObject({ code: 4400 });
      expect(ada.frames).toMatchObject([{ type: "error", code: "conflict", retryable: false }]);
    }
  });

  states(
    "s-W6",
    "A `hello` that names more than ten times as many rooms, and more than 100, is `limit_exceeded`, and the connection is closed with 4400.",
    async () => {
      for (const [count, accepted] of [[100, true] as const, [101, false] as const]) {
        const ada = await app.openV1(app.user());
        const rooms = Array.from({ length: count }, (_, n) => `r${String(n)}`);
        const hello = ada.hello({ rooms });
        if (accepted) {
          await hello;
          await ada.sync();
          expect(ada.all({ type: "left", reason: "limit_exceeded" })).toHaveLength(97);
        } else {
          hello.catch(() => undefined);
          expect(await ada.end()).toMatchObject({ code: 4400 });
          expect(ada.frames).toMatchObject([{ type: "error", code: "limit_exceeded" }]);
        }
      }
    },
  );
});
