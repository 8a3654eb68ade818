// The lines of docs/frameworks.md, with the frameworks themselves.
import type { Store } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import type * as Solid from "solid-js";
import { derived, get } from "svelte/store";
import { describe, expect, it } from "vitest";
import { effectScope, onScopeDispose, shallowRef, watch } from "vue";

/** The build for browsers: that for Node renders on a server only. */
const SOLID = "solid-js/dist/solid.js";

async function join() {
  const clock = createTestClock();
  const network = createTestNetwork(createWebSocketSystem({ clock, authorize: () => true }), { clock });
  const room = (await network.connect({ id: "ada" })).join("general");
  await network.settle();
  const enter = async (id: string) => {
    (await network.connect({ id })).join("general");
    await network.settle();
  };
  return { users: room.stores.users, enter };
}

describe("a store of a room", () => {
  it("is a store of Svelte", async () => {
    const { users, enter } = await join();
    const names: string[] = [];
    const stop = derived(users, (list) => list.map(({ userId }) => userId).join()).subscribe((text) => {
      names.push(text);
    });
    await enter("bob");
    stop();
    await enter("eve");
    expect(names).toEqual(["ada", "ada,bob"]);
    expect(get(users)).toBe(users.get());
  });

  it("is a signal of Solid by from", async () => {
    const { users, enter } = await join();
    const { createRoot, createEffect, from } = (await import(SOLID)) as typeof Solid;
    const seen: string[] = [];
    const dispose = createRoot((end) => {
      const list = from(users, users.get());
      createEffect(() =>
        seen.push(
          list()
            .map(({ userId }) => userId)
            .join(),
        ),
      );
      return end;
    });
    await enter("bob");
    dispose();
    await enter("eve");
    expect(seen).toEqual(["ada", "ada,bob"]);
  });

  it("is a ref of Vue by a shallowRef", async () => {
    const { users, enter } = await join();
    const useStore = <T>({ get: value, subscribe }: Store<T>) => {
      const ref = shallowRef(value());
      onScopeDispose(subscribe((next) => (ref.value = next)));
      return ref;
    };
    const seen: string[] = [];
    const scope = effectScope();
    scope.run(() => {
      const list = useStore(users);
      const show = () => seen.push(list.value.map(({ userId }) => userId).join());
      watch(list, show, { immediate: true, flush: "sync" });
    });
    await enter("bob");
    scope.stop();
    await enter("eve");
    expect(seen).toEqual(["ada", "ada,bob"]);
  });
});
