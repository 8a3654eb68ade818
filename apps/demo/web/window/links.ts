export const REPOSITORY = "https://github.com/halyard-ws/halyard";
export const DOCS = `${REPOSITORY}/tree/main/docs`;
/** The first of the rooms: an address with a room is the chat's. */
export const CHAT = "#general";
