import type { PublicUser } from "@halyard/protocol";

/** The overlay of the chat: a drawer, a dialog, or the confirmation of a ban. */
export type Overlay = "rooms" | "people" | "create-room" | "announce" | PublicUser;
