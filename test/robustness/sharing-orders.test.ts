// Tabs that share a connection, with what they and the server do in an order that is rare on a fast machine.
import { expect, it } from "vitest";
import { createFrameScene, isAda } from "../support/sharing-frames.ts";

it.each([
  ["in the order of the questions", (answers: (() => void)[]) => answers],
  ["in the other order", (answers: (() => void)[]) => [...answers].reverse()],
])(
  "a tab that connects anew while the question for its user is under way leads the tabs, where the answers come %s",
  async (_, order) => {
    const scene = createFrameScene();
    const answers: (() => void)[] = [];
    const first = scene.open({
      fetch: () => new Promise((resolve) => answers.push(() => resolve(isAda()))),
    });
    await scene.tick();
    first.client.reconnect();
    await scene.tick();
    expect(answers).toHaveLength(2);
    for (const answer of order(answers)) answer();
    await scene.tick();
    await scene.welcome();
    const second = scene.open();
    await scene.tick();
    expect([first.states, second.states]).toEqual([["connecting", "open"], ["open"]]);
    expect(scene.sockets).toHaveLength(1);
    first.client.close();
    await scene.tick();
    await scene.welcome();
    expect(second.client.state.status).toBe("open");
  },
);
