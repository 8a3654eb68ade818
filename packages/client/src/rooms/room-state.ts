import type { SendError } from "../common/send-error.ts";

/** Whether this client is in a room. */
export type RoomState =
  /**
   * The server has not answered the join yet, or the connection is lost and the client will join again with the next one.
   */
  | { readonly status: "joining" }
  /** The server has joined this client to the room. */
  | { readonly status: "joined" }
  /** Left by `leave()`, or, with an error, because the server ended or refused the membership. */
  | { readonly status: "left"; readonly error: SendError | undefined };
