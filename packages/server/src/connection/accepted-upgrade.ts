import type { Admission, ClientRef } from "../backplane.ts";
import type { SessionWatch } from "../session-watch.ts";
import type { Transport } from "../delivery/transport.ts";
import type { GuestIdentity } from "../types.ts";

/** What a runtime's glue knows of a socket that a bare `handleOpen` does not. */
export interface UpgradeDetails {
  /** Set by the glue, once it knows. */
  transport: Transport | undefined;
  readonly connectionId: string;
  readonly address: string | undefined;
  readonly identity: GuestIdentity;
  readonly isV1: boolean;
  /** From the URL of a v1 client; else the connection is a client of its own. */
  readonly client: ClientRef;
  readonly attempt: number;
  readonly watch: SessionWatch | undefined;
  /** The admission that was had before 101. */
  admission: Admission | undefined;
}
