import type { Visitor } from "./visit-tickets.ts";

const BIRDS = "Avocet Curlew Fulmar Gannet Heron Kestrel Osprey Petrel Plover Puffin Skua Tern".split(" ");

/** What others read beside a visitor's cursor: a name that the server gives, so that no visitor writes one. */
export function visitorName({ room, guest }: Pick<Visitor, "room" | "guest">): string {
  if (guest === "companion") return "Grace";
  let sum = 0;
  for (let index = 0; index < room.length; index++) sum += room.charCodeAt(index);
  return `Visitor ${BIRDS[sum % BIRDS.length] ?? ""}`;
}
