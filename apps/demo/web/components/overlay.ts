import type { PublicUser } from "@halyard/protocol";

/** What is open over the chat: a drawer, a dialog, or the question whether to ban a user. */
export type Overlay = "rooms" | "people" | "create-room" | "announce" | PublicUser;
