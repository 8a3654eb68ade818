// How the tabs of one visit tell each other in this browser that the server has closed their sockets.

const CHANNEL = "halyard-demo-signed-out";

interface SignedOutTab {
  readonly room: string;
  /** In milliseconds since the epoch, by a clock that every tab of the browser shares. */
  readonly at: number;
}

/** The time by the clock that the tabs share. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Tells the other tabs of a visit that the socket of this one is closed. */
export function reportSignedOut(room: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ room, at: sharedNow() } satisfies SignedOutTab);
  channel.close();
}

/** Calls the listener for each other tab of a visit whose socket is closed. @returns ends it */
export function onSignedOut(room: string, listener: (at: number) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", ({ data }: MessageEvent<SignedOutTab>) => {
    if (data.room === room) listener(data.at);
  });
  return () => channel.close();
}
