// The messages between the tabs of a visit in one browser about sockets that the server has closed.

const CHANNEL = "halyard-demo-signed-out";

interface SignedOutTab {
  readonly room: string;
  /** The time of the close, in ms since 1970, by a clock that all tabs of the browser share. */
  readonly at: number;
}

/** The time by the clock that all tabs share, in ms since 1970. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}

/** Tells the other tabs of a visit that the socket of this one is closed. */
export function reportSignedOut(room: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ room, at: sharedNow() } satisfies SignedOutTab);
  channel.close();
}

/** Calls the listener for each other tab of a visit whose socket is closed. @returns a function that ends the watch */
export function onSignedOut(room: string, listener: (at: number) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", ({ data }: MessageEvent<SignedOutTab>) => {
    if (data.room === room) listener(data.at);
  });
  return () => channel.close();
}
