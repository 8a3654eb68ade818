import type { Visitor } from "./visit-tickets.ts";

const BIRDS = "Avocet Curlew Fulmar Gannet Heron Kestrel Osprey Petrel Plover Puffin Skua Tern".split(" ");

/** The name beside the cursor of a visitor. The server chooses it, so that visitors cannot write texts for others. */
export function visitorName({ room, guest }: Pick<Visitor, "room" | "guest">): string {
  if (guest === "companion") return "Grace";
  let sum = 0;
  for (let index = 0; index < room.length; index++) sum += room.charCodeAt(index);
  return `Visitor ${BIRDS[sum % BIRDS.length] ?? ""}`;
}
