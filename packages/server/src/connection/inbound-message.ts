import type { Frame, FrameMeta, HalyardError } from "@halyard/protocol/wire";
import type { ClientRef } from "../backplane.ts";
import type { Connection } from "./connection.ts";

/** The reserved field of a client's frame. */
export interface InboundMeta extends FrameMeta {
  /** The client id of the tab that sends or asks, where tabs share the connection and `id` names a tab. Each tab has numbers of its own. */
  readonly tab?: string;
  /** The id that a request has with this tab. */
  readonly tabKey?: string;
}

/**
 * An inbound frame that is within its size and rate, is JSON, and has a valid `$`; or one with a refusal. Its text is not
 * kept while it waits.
 */
export interface InboundMessage {
  readonly connection: Connection;
  readonly frame: Frame;
  readonly meta: InboundMeta;
  readonly digest: number;
  /** The size of its text. */
  readonly bytes: number;
  /** Set where the frame has a number but cannot be read as a send: the error is its answer, and uses the number. */
  readonly refusal?: HalyardError | undefined;
}

/** The client whose numbers and ids a message has: the connection's own, or a tab that shares the connection. */
export function clientOf({ connection, meta }: Pick<InboundMessage, "connection" | "meta">): ClientRef {
  const { client } = connection;
  return meta.tab === undefined ? client : { user: client.user, client: meta.tab };
}

/** Whether the client may have sent the message before, over an earlier connection. Of tabs that share the connection it is not known. */
export function mayBeRepetition({ connection, meta }: Pick<InboundMessage, "connection" | "meta">): boolean {
  const { begunBefore } = connection;
  if (begunBefore === undefined || meta.tab !== undefined) return false;
  if (meta.seq !== undefined) return meta.seq <= begunBefore.lastSeq;
  return meta.id !== undefined && begunBefore.requests.includes(meta.id);
}

/** Whether the connection may send for the tab that a frame names, if it names one. The number of a frame that it may not send is not used. */
export function acceptsTab(connection: Connection, { tab }: InboundMeta): boolean {
  return tab === undefined || connection.tabs?.add(tab, connection.lastActivityAt) === true;
}
