import type { ViolationCounters } from "../security/violation-counters.ts";
import type { KeyedSerialQueue } from "../utils/keyed-serial-queue.ts";
import type { KeyedThrottle } from "../utils/keyed-throttle.ts";
import type { PendingServerRequests } from "./pending-server-requests.ts";

/** State that most connections never need. A connection creates it when a part first writes to it. */
export class RareState {
  /** Throttles ephemeral messages per type and room. */
  ephemeral: KeyedThrottle | undefined = undefined;
  /** Requests of the server that the client has not answered. */
  serverRequests: PendingServerRequests | undefined = undefined;
  /** Joins and leaves that are running. */
  roomOperations: KeyedSerialQueue | undefined = undefined;
  /** Rooms that the server joined the connection to before it was open. */
  roomsJoinedByServer: Set<string> | undefined = undefined;
  /** How often the client broke a rule. */
  violations: ViolationCounters | undefined = undefined;
}
