import type { Admission, ClientRef } from "../backplane.ts";
import type { SessionWatch } from "../session-watch.ts";
import type { Transport } from "../delivery/transport.ts";
import type { GuestIdentity } from "../types.ts";

/** What the handshake found out before it answered 101; a bare `handleOpen` does not know it. */
export interface UpgradeDetails {
  /** Set by the runtime's server when the socket is open. */
  transport: Transport | undefined;
  readonly connectionId: string;
  readonly address: string | undefined;
  readonly identity: GuestIdentity;
  readonly isV1: boolean;
  /** When the authentication began, by the clock's `now`. */
  readonly authenticatedAt: number;
  /** The client named in the URL of a v1 client; otherwise a client with the connection's own id. */
  readonly client: ClientRef;
  readonly attempt: number;
  readonly watch: SessionWatch | undefined;
  /** The connection slot that was reserved before 101. */
  admission: Admission | undefined;
}
