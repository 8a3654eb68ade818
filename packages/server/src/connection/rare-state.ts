import type { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import type { PendingServerRequests } from "./server-requests.ts";
import type { InboundMessage } from "../messages/client-sends.ts";
import type { ViolationCounters } from "../security/violation-counters.ts";

export interface BufferedFrames {
  readonly texts: string[];
  bytes: number;
}

class Some {
  ephemeral: KeyedThrottle<InboundMessage> | undefined = undefined;
  serverRequests: PendingServerRequests | undefined = undefined;
  roomOperations: KeyedSerialQueue | undefined = undefined;
  roomsJoinedByServer: Set<string> | undefined = undefined;
  bufferedFrames: BufferedFrames | undefined = undefined;
  unfinishedSince: number | undefined = undefined;
  violations: ViolationCounters | undefined = undefined;
}

/** What most connections never have, so that they keep no room for it. */
export class Seldom {
  #some: Some | undefined = undefined;

  get ephemeral(): KeyedThrottle<InboundMessage> | undefined {
    return this.#some?.ephemeral;
  }
  set ephemeral(ephemeral: KeyedThrottle<InboundMessage> | undefined) {
    if (ephemeral !== undefined || this.#some !== undefined) this.#own.ephemeral = ephemeral;
  }

  /** What the server has asked it. */
  get serverRequests(): PendingServerRequests | undefined {
    return this.#some?.serverRequests;
  }
  set serverRequests(serverRequests: PendingServerRequests | undefined) {
    if (serverRequests !== undefined || this.#some !== undefined) this.#own.serverRequests = serverRequests;
  }

  /** Joins and leaves that are under way. */
  get roomOperations(): KeyedSerialQueue | undefined {
    return this.#some?.roomOperations;
  }
  set roomOperations(roomOperations: KeyedSerialQueue | undefined) {
    if (roomOperations !== undefined || this.#some !== undefined) this.#own.roomOperations = roomOperations;
  }

  /** Rooms that the server put it into before it was open. */
  get roomsJoinedByServer(): Set<string> | undefined {
    return this.#some?.roomsJoinedByServer;
  }
  set roomsJoinedByServer(roomsJoinedByServer: Set<string> | undefined) {
    if (roomsJoinedByServer !== undefined || this.#some !== undefined)
      this.#own.roomsJoinedByServer = roomsJoinedByServer;
  }

  /** Frames that came during `opening`. */
  get bufferedFrames(): BufferedFrames | undefined {
    return this.#some?.bufferedFrames;
  }
  set bufferedFrames(bufferedFrames: BufferedFrames | undefined) {
    if (bufferedFrames !== undefined || this.#some !== undefined) this.#own.bufferedFrames = bufferedFrames;
  }

  /** Since when a message of the peer has begun and not ended, as far as ticks have seen. */
  get unfinishedSince(): number | undefined {
    return this.#some?.unfinishedSince;
  }
  set unfinishedSince(unfinishedSince: number | undefined) {
    if (unfinishedSince !== undefined || this.#some !== undefined)
      this.#own.unfinishedSince = unfinishedSince;
  }

  get violations(): ViolationCounters | undefined {
    return this.#some?.violations;
  }
  set violations(violations: ViolationCounters | undefined) {
    if (violations !== undefined || this.#some !== undefined) this.#own.violations = violations;
  }

  get #own(): Some {
    return (this.#some ??= new Some());
  }
}
