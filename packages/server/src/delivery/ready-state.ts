/** `readyState` of a socket that can be written to, on both runtimes. */
export const OPEN = 1;
