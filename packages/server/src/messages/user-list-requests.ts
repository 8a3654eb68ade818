// Answers the built-in request `users` with a page of the users who are online or in a room. Called by RequestDispatcher.
// The client must be in the room, and `authorize` must allow `presence`.
import { roomName } from "@halyard/protocol";
import { ROOM_NAME_RULE } from "@halyard/protocol/wire";
import { z } from "zod";
import { GLOBAL_CHANNEL } from "../channels/channel-name.ts";
import type { PresenceHub } from "../presence/presence-hub.ts";
import type { Connection } from "../connection/connection.ts";
import type { BuiltIns, Clock, UserList, UserPage } from "../types.ts";
import { ForbiddenError, InvalidMessageError } from "../utils/errors.ts";
import { WorkTurns } from "../utils/work-turns.ts";
import type { Authorization } from "./authorization.ts";

interface UserListRequestsParts {
  readonly authorization: Authorization;
  readonly builtIns: BuiltIns;
  readonly clock: Clock;
  readonly presence: PresenceHub;
}

/** How many pages are read and answered in a turn of the event loop. One takes about a millisecond (2026-11). */
const PAGES_PER_TURN = 4;
const ONE_PAGE = { estimate: 1, spent: 1 };

interface UserListRequest {
  readonly connection: Connection;
  readonly frame: { readonly input?: unknown };
}

const pageInput = z.object({ room: roomName.optional(), cursor: z.string().max(64).optional() }).optional();

/** Answers the `users` requests of clients. */
export class UserListRequests {
  readonly #parts: UserListRequestsParts;
  readonly #turns: WorkTurns;

  constructor(parts: UserListRequestsParts) {
    this.#parts = parts;
    this.#turns = new WorkTurns(parts.clock, PAGES_PER_TURN);
  }

  /** @throws HalyardError `invalid_message`, `forbidden`, or what `authorize` throws */
  async answer({ connection, frame: { input } }: UserListRequest): Promise<UserList> {
    const page = pageInput.safeParse(input);
    if (!page.success)
      throw new InvalidMessageError([
        { path: "input", message: `expected { room?, cursor? }; ${ROOM_NAME_RULE}` },
      ]);
    const { authorization, builtIns } = this.#parts;
    const { room, cursor } = page.data ?? {};
    const isPresenceDisabled =
      builtIns.presence === false || (builtIns.presence === "rooms" && room === undefined);
    for (;;) {
      const version = connection.rightsVersion;
      const isMember = room === undefined || connection.rooms?.has(room) === true;
      if (isPresenceDisabled)
        throw new ForbiddenError("presence", { rule: "builtIns.presence does not allow it" });
      if (!isMember) throw new ForbiddenError("membership");
      await authorization.assertAllowed(connection, "presence", room ?? GLOBAL_CHANNEL);
      const list = await this.#read({ room, cursor });
      // The right may have ended while `authorize` ran or the list was read.
      if (version === connection.rightsVersion) return list;
    }
  }

  /** Reads a page when its turn comes, so that the requests of one user do not hold up the messages of all others. */
  async #read(page: UserPage): Promise<UserList> {
    const turn = await this.#turns.begin(ONE_PAGE.estimate);
    try {
      return await this.#parts.presence.list(page);
    } finally {
      this.#turns.end(turn, ONE_PAGE);
    }
  }
}
