import { defineProtocol } from "@halyard/protocol";
import type { ProtocolOf, PublicUser, RoomUser } from "@halyard/protocol";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import type { Room, StatePatch, Store, WebSocketClient } from "./index.ts";

export const protocol = defineProtocol({
  presence: {
    state: z.object({ mood: z.string().default("calm"), cursor: z.object({ x: z.number() }).nullable() }),
  },
});
interface AppProtocol extends ProtocolOf<typeof protocol> {}
declare const client: WebSocketClient<AppProtocol>;
const room = client.join("a");

// A patch is some fields of what the schema takes, and a user has what it returns.
room.updatePresence({ mood: "calm" });
room.updatePresence({ cursor: { x: 1 }, mood: undefined });
expectTypeOf<StatePatch<{ x: number }>>().toEqualTypeOf<{ readonly x?: number | undefined }>();
expectTypeOf(room.users[0]?.presence?.mood).toEqualTypeOf<string | undefined>();
const users: Store<readonly RoomUser<{ mood: string; cursor: { x: number } | null }>[]> = room.stores.users;
const known: readonly PublicUser[] = room.users;
room.onUsersChange(([first]) =>
  expectTypeOf(first?.presence?.cursor).toEqualTypeOf<{ x: number } | null | undefined>(),
);
// @ts-expect-error not a part of the state
room.updatePresence({ curser: null });
// @ts-expect-error a field of another type
room.updatePresence({ cursor: { x: "1" } });
// @ts-expect-error everyone online has no state
export const none: unknown = client.users[0]?.presence;

// Without state in the contract the argument is the error, and with any contract a patch is anything.
export const plain = defineProtocol({});
declare const plainRoom: Room<typeof plain>;
expectTypeOf(plainRoom.users[0]?.presence).toEqualTypeOf<undefined>();
// @ts-expect-error without presence in the contract
plainRoom.updatePresence({ mood: "calm" });
declare const anyRoom: Room;
anyRoom.updatePresence({ mood: "calm" });

// A client of either contract is one of the built-in protocol.
const takesAny = (_client: WebSocketClient): void => {};
takesAny(client);
declare const plainClient: WebSocketClient<typeof plain>;
takesAny(plainClient);

// @ts-expect-error JSON turns a Date into a string
defineProtocol({ presence: { state: z.object({ at: z.date() }) } });
// @ts-expect-error a text is no object
defineProtocol({ presence: { state: z.string() } });
// @ts-expect-error an array is none either
defineProtocol({ presence: { state: z.array(z.string()) } });

export { known, users };
