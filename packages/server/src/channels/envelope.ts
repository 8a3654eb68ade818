// The text that a channel's log stores: the JSON of a message, preceded by a header if it needs one. Written by publish-message.ts,
// read by channels and replays.
// Guarantees: a message without a header is stored as its own text and needs no parsing before it is sent; a header is read
// as it was written.
import { Exclusion } from "./exclusion.ts";

/** The entry of the same message in another room, with its position unless the message is ephemeral. */
export interface EarlierEntry {
  readonly room: string;
  readonly epoch?: string | undefined;
  readonly off?: number | undefined;
}

/** The rooms that one publish names, seen from one of them. */
export interface PublishedRooms {
  /** The rooms before this one in which the message is published. */
  readonly before: readonly EarlierEntry[];
  /** The rooms after this one. */
  readonly after: readonly string[];
}

/** What is stored with a message beside its text. */
export interface EnvelopeHeader {
  /** The clients and users that do not get the message. */
  readonly except?: Exclusion | undefined;
  /** Set for a message that is published to several rooms. */
  readonly rooms?: PublishedRooms | undefined;
}

export interface Envelope extends EnvelopeHeader {
  readonly json: string;
}

/** A header as JSON. Its keys are short because it is stored with each message. */
interface StoredHeader {
  /** The clients and users that do not get the message. */
  readonly c?: readonly string[];
  readonly u?: readonly string[];
  /** The rooms before and after this one. */
  readonly b?: readonly [room: string, epoch?: string, off?: number][];
  readonly a?: readonly string[];
}

/** `x`: the key of the one client that is left out follows. `h`: a header as JSON. Each behind its length. JSON begins with neither. */
export function encodeEnvelope({ json, except, rooms }: Envelope): string {
  if (rooms === undefined && except === undefined) return json;
  if (rooms === undefined && except?.only !== undefined) return prefixed("x", except.only, json);
  const header: StoredHeader = {
    ...(except !== undefined && { c: except.clients, u: except.users }),
    ...(rooms !== undefined && { b: rooms.before.map(toStored), a: rooms.after }),
  };
  return prefixed("h", JSON.stringify(header), json);
}

export function decodeEnvelope(data: string): {
  readonly json: string;
  readonly header: EnvelopeHeader | undefined;
} {
  const kind = data[0];
  if (kind !== "x" && kind !== "h") return { json: data, header: undefined };
  const colon = data.indexOf(":");
  const start = colon + 1 + Number(data.slice(1, colon));
  const [text, json] = [data.slice(colon + 1, start), data.slice(start)];
  return { json, header: kind === "x" ? { except: new Exclusion([text]) } : headerOf(text) };
}

function headerOf(text: string): EnvelopeHeader {
  const { c, u, b, a } = JSON.parse(text) as StoredHeader;
  const before = b?.map(([room, epoch, off]) => ({ room, epoch, off }));
  return {
    except: c === undefined ? undefined : new Exclusion(c, u),
    rooms: before === undefined ? undefined : { before, after: a ?? [] },
  };
}

function toStored({ room, epoch, off }: EarlierEntry): [string, string?, number?] {
  return epoch === undefined || off === undefined ? [room] : [room, epoch, off];
}

function prefixed(kind: "x" | "h", header: string, json: string): string {
  return `${kind}${String(header.length)}:${header}${json}`;
}
