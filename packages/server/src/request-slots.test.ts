import { describe, expect, it } from "vitest";
import { RequestSlots } from "./request-slots.js";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function create(): { slots: RequestSlots; entered: string[]; enter: (id: string) => void } {
  const slots = new RequestSlots({ runningRequests: 2, waitingRequests: 3 });
  const entered: string[] = [];
  const enter = (id: string): void => {
    const entering = async (): Promise<void> => slots.enter(id);
    entering().then(
      () => entered.push(id),
      (error: unknown) => entered.push(`${id} ${(error as { code: string }).code}`),
    );
  };
  return { slots, entered, enter };
}

describe("the requests of a connection", () => {
  it("are so many at work and so many waiting, and one more is limit_exceeded", async () => {
    const { entered, enter } = create();
    for (const id of ["a", "b", "c", "d", "e", "f"]) enter(id);
    await settled();
    expect(entered).toEqual(["a", "b", "f limit_exceeded"]);
  });

  it("come to work in the order in which they came", async () => {
    const { slots, entered, enter } = create();
    for (const id of ["a", "b", "c", "d"]) enter(id);
    slots.exit("b");
    await settled();
    expect(entered).toEqual(["a", "b", "c"]);
    slots.exit("a");
    await settled();
    expect(entered).toEqual(["a", "b", "c", "d"]);
  });

  it("never have the same id twice, also while it waits", async () => {
    const { slots, entered, enter } = create();
    for (const id of ["a", "a", "b", "c", "c"]) enter(id);
    await settled();
    expect(entered.toSorted()).toEqual(["a", "a conflict", "b", "c conflict"]);
    slots.exit("a");
    slots.exit("b");
    enter("a");
    await settled();
    expect(entered.slice(4).toSorted()).toEqual(["a", "c"]);
  });

  it("may be without an id", async () => {
    const { slots } = create();
    await Promise.all([slots.enter(undefined), slots.enter(undefined)]);
    slots.exit(undefined);
    await slots.enter(undefined);
  });
});
