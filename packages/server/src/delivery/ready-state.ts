/** The `readyState` of an open socket, on both runtimes. */
export const OPEN = 1;
