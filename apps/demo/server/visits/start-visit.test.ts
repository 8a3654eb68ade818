import { expect, test } from "vitest";
import { ADDRESS_HEADER } from "../auth.ts";
import { createStartVisit } from "./start-visit.ts";
import { createVisitTickets } from "./visit-tickets.ts";

const MINUTE_MS = 60_000;
const from = (address: string, method = "POST") =>
  new Request("http://127.0.0.1:3000/visit", { method, headers: { [ADDRESS_HEADER]: address } });

test("starts thirty visits of an address in ten minutes, and no more, and clears away what is old", async () => {
  let now = Date.parse("2026-01-01T12:00:00Z");
  const deleted: string[] = [];
  const lines = { deleteBefore: (time: string) => void deleted.push(time) };
  const signOuts = { deleteBefore: () => undefined };
  const tickets = createVisitTickets("secret", () => now);
  const startVisit = createStartVisit({ tickets, lines, signOuts, now: () => now });
  for (let visit = 1; visit <= 30; visit++) expect(startVisit(from("192.0.2.1")).status).toBe(200);
  now += MINUTE_MS;
  const refused = startVisit(from("192.0.2.1"));
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "540"]);
  expect(startVisit(from("192.0.2.2")).status).toBe(200);
  expect(startVisit(from("192.0.2.2", "GET")).status).toBe(405);
  // A customer with a network of IPv6 has as many addresses as it likes, and one limit.
  for (let host = 1; host <= 30; host++) expect(startVisit(from(`2001:db8:1:2::${host}`)).status).toBe(200);
  expect(startVisit(from("2001:db8:1:2:3:4:5:6")).status).toBe(429);
  expect(startVisit(from("2001:db8:1:3::1")).status).toBe(200);
  now += 9 * MINUTE_MS;
  const answer = startVisit(from("192.0.2.1"));
  expect(await answer.json()).toMatchObject({ room: expect.stringMatching(/^visit-/) as string });
  expect(deleted).toEqual(["2026-01-01T11:00:00.000Z", "2026-01-01T11:10:00.000Z"]);
});

test("a ticket lets in for an hour, and only as it was signed", () => {
  let now = 1_800_000_000_000;
  const tickets = createVisitTickets("secret", () => now);
  const { room, canvas, tickets: issued, expiresAt } = tickets.issue("192.0.2.1");
  expect(tickets.read(issued.you)).toEqual({ room, canvas, guest: "you", expiresAt });
  expect(tickets.read(issued.companion)).toEqual({ room, canvas, guest: "companion", expiresAt });
  expect(tickets.read(issued.you.replace("you", "companion"))).toBeUndefined();
  expect(tickets.read(issued.you.replace(canvas, tickets.issue("192.0.2.2").canvas))).toBeUndefined();
  expect(tickets.read("visit-x.you.1.2")).toBeUndefined();
  expect(createVisitTickets("another secret", () => now).read(issued.you)).toBeUndefined();
  now += 60 * MINUTE_MS;
  expect(tickets.read(issued.you)).toBeUndefined();
});

test("visits from one address share a canvas, whose name does not tell the address", () => {
  const tickets = createVisitTickets("secret");
  const [one, two, other] = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) => tickets.issue(address));
  expect(one?.canvas).toBe(two?.canvas);
  expect(one?.canvas).not.toBe(other?.canvas);
  expect(one?.canvas).toMatch(/^canvas-[\w-]{22}$/);
  expect(one?.room).not.toBe(two?.room);
});
