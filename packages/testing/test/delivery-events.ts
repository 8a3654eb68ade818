import type { DeliveryEvent } from "../src/delivery/delivery-event.ts";

export const channel = "room:general";
const epoch = "e1";

export const positioned = (client: string, offset = 0): DeliveryEvent => ({
  type: "positioned",
  client,
  channel,
  epoch,
  offset,
});
export const received = (client: string, offset: number, id = `m${offset}`): DeliveryEvent => ({
  type: "received",
  client,
  channel,
  epoch,
  offset,
  id,
});
/** The event of a node for the same message. */
export const stored = (offset: number, id = `m${offset}`, at = epoch): DeliveryEvent => ({
  type: "stored",
  channel,
  epoch: at,
  offset,
  id,
});
export const handled = (id: string, node = "n1"): DeliveryEvent => ({ type: "handled", node, id });
export const skipped = (client: string, offset: number): DeliveryEvent => ({
  type: "skipped",
  client,
  channel,
  epoch,
  offset,
});
export const gap = (client: string, offset: number, at = epoch): DeliveryEvent => ({
  type: "gap",
  client,
  channel,
  epoch: at,
  offset,
});
export const left = (client: string): DeliveryEvent => ({ type: "left", client, channel });
export const sent = (client: string, id: string, echo?: boolean): DeliveryEvent => ({
  type: "sent",
  client,
  channel,
  id,
  echo,
});
export const delivered = (client: string, id: string, offset: number): DeliveryEvent => ({
  type: "receipt",
  client,
  id,
  status: "delivered",
  channel,
  offset,
});
export const receipt = (
  client: string,
  id: string,
  status: "rejected" | "expired" | "unknown",
): DeliveryEvent => ({
  type: "receipt",
  client,
  id,
  status,
});
export const presence = (
  client: string,
  change: "list" | "joined" | "left",
  ...users: string[]
): DeliveryEvent => ({
  type: "presence",
  client,
  channel,
  change,
  users,
});

/** A log without faults: two clients receive the messages 3, 5 and 8, of which ada sent the second. */
export const clean: readonly DeliveryEvent[] = [
  positioned("ada", 1),
  positioned("bob", 1),
  presence("ada", "list", "ada"),
  presence("ada", "joined", "bob"),
  presence("bob", "list", "ada", "bob"),
  received("ada", 3),
  received("bob", 3),
  sent("ada", "m5"),
  received("ada", 5),
  delivered("ada", "m5", 5),
  received("bob", 5),
  received("bob", 8),
  received("ada", 8),
  { type: "online", channel, users: ["ada", "bob"] },
];
