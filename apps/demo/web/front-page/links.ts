export const REPOSITORY = "https://github.com/halyard-ws/halyard";
export const DOCS = `${REPOSITORY}/tree/main/docs`;
/** The address of the chat: an address with a room, here the first one. */
export const CHAT = "#general";
