import type { Clock } from "../common/clock.ts";
import type { WebSocketClientOptions } from "../options.ts";

/** What tabs share a connection with: `globalThis` in a browser. */
export interface SharingPlatform {
  readonly navigator: { readonly locks?: Pick<LockManager, "query" | "request"> };
  readonly BroadcastChannel?: (new (name: string) => BroadcastChannel) | undefined;
  readonly document?: Pick<Document, "addEventListener" | "visibilityState"> | undefined;
}

export interface SharingParts {
  readonly clock: Clock;
  readonly locks: Pick<LockManager, "request">;
  readonly BroadcastChannel: new (name: string) => BroadcastChannel;
  readonly document: SharingPlatform["document"];
  readonly options: WebSocketClientOptions;
  readonly WebSocket: new (url: string, protocols: string[]) => WebSocket;
}
