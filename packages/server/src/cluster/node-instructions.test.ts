import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import type { LogEntry, Publication } from "../backplane.ts";
import { NodeInstructions } from "./node-instructions.ts";

/** The channel of the instructions, in a store that loses what it is told to, and a node that follows it. */
class Scene {
  readonly clock = new FakeClock();
  readonly carriedOut: string[] = [];
  readonly errors: unknown[] = [];
  gaps = 0;
  epoch = "one";
  top = 0;
  entries: LogEntry[] = [];
  /** Called with each read, before it is answered. */
  onRead: () => void = () => {};
  readonly node = new NodeInstructions({
    backplane: {
      kind: "fake",
      nodeId: "here",
      publish: () => Promise.reject(new Error("not used")),
      subscribe: () => Promise.resolve(),
      read: (_, { after, limit }) => {
        const entries = this.entries.filter(({ offset }) => offset > after).slice(0, limit);
        const answer = { epoch: this.epoch, top: this.top, entries };
        this.onRead();
        return Promise.resolve(answer);
      },
    },
    clock: this.clock,
    onError: (error) => this.errors.push(error),
  });

  static async start(): Promise<Scene> {
    const scene = new Scene();
    scene.node.onInstruction = (given) => {
      scene.carriedOut.push("closeRoom" in given ? given.closeRoom : given.rightsOf);
    };
    scene.node.onGap = () => scene.gaps++;
    await scene.node.catchUp();
    expect(scene.gaps).toBe(1);
    scene.gaps = 0;
    return scene;
  }

  /** Another node closes a room. @param prev the offset before it, as the store knows it */
  store(room: string, offset: number, prev = this.top): Publication {
    const instruction = { closeRoom: room, code: 4403, reason: "" };
    const entry = { offset, prev, at: 0, data: JSON.stringify({ from: "there", instruction }) };
    this.entries.push(entry);
    this.top = offset;
    return { ...entry, channel: "nodes", epoch: this.epoch };
  }

  async push(publication: Publication): Promise<void> {
    this.node.onPublication(publication);
    await this.clock.settle();
  }

  get outcome(): unknown {
    return { carriedOut: this.carriedOut, gaps: this.gaps, errors: this.errors };
  }
}

describe("instructions of other nodes", () => {
  it("are carried out once, in order, from pushes and from reads", async () => {
    const scene = await Scene.start();
    await scene.push(scene.store("a", 5));
    scene.store("b", 6);
    const third = scene.store("c", 7);
    await scene.push(third);
    await scene.push(third);
    await scene.node.catchUp();
    expect(scene.outcome).toEqual({ carriedOut: ["a", "b", "c"], gaps: 0, errors: [] });
  });

  it("are carried out after a time without any that is longer than the store keeps a position", async () => {
    const scene = await Scene.start();
    await scene.push(scene.store("a", 5));
    Object.assign(scene, { entries: [], top: 0 });
    await scene.push(scene.store("b", 9));
    expect(scene.outcome).toEqual({ carriedOut: ["a", "b"], gaps: 1, errors: [] });
  });

  it("are carried out in a store that was emptied or has gone back, beside what asks about the lost ones", async () => {
    const scene = await Scene.start();
    await scene.push(scene.store("a", 5));
    Object.assign(scene, { epoch: "two", entries: [], top: 0 });
    await scene.push(scene.store("b", 9));
    expect(scene.outcome).toEqual({ carriedOut: ["a", "b"], gaps: 1, errors: [] });
    Object.assign(scene, { entries: [], top: 8 });
    await scene.push(scene.store("c", 12));
    expect(scene.outcome).toEqual({ carriedOut: ["a", "b", "c"], gaps: 2, errors: [] });
  });

  it("that follow trimmed ones are carried out, page by page", async () => {
    const scene = await Scene.start();
    for (let offset = 1; offset <= 2_500; offset++) scene.store(String(offset), offset);
    scene.entries = scene.entries.slice(100);
    await scene.node.catchUp();
    expect(scene.gaps).toBe(1);
    expect(scene.carriedOut).toEqual(Array.from({ length: 2_400 }, (_, index) => String(index + 101)));
  });

  it("are known to be lost as soon as the backplane says that the channel has lost messages", async () => {
    const scene = await Scene.start();
    await scene.push(scene.store("a", 5));
    // The store has moved on, past a message that this node has not seen.
    Object.assign(scene, { entries: [], top: 20 });
    await scene.node.onInterrupted(["all", "room:a"]);
    expect(scene.gaps).toBe(0);
    await scene.node.onInterrupted(["all", "nodes"]);
    expect(scene.outcome).toEqual({ carriedOut: ["a"], gaps: 1, errors: [] });
  });

  it("that are published while a read ends are read, in whatever order the two are processed", async () => {
    for (let turns = 0; turns < 8; turns++) {
      const scene = await Scene.start();
      scene.onRead = () => {
        scene.onRead = () => {};
        let published = Promise.resolve();
        for (let turn = 0; turn < turns; turn++) published = published.then(() => {});
        void published.then(() => scene.node.onPublication(scene.store("b", 6, 5)));
      };
      scene.store("a", 5);
      void scene.node.catchUp();
      await scene.clock.settle();
      expect(scene.carriedOut, `after ${String(turns)} microtasks`).toEqual(["a", "b"]);
    }
  });
});
