import { expect, test } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { Connections } from "../../test/fake-connection.ts";
import type { Connection } from "./connection.ts";

/** Bun gives 256 B to an object of at most 30 fields, and 432 B to one of 31. Five fields are private and not listed. */
const MAX_LISTED_FIELDS = 25;

function create(): Connection {
  return new Connections(new FakeClock()).open("ada");
}

test("a connection has at most 30 fields", () => {
  expect(Object.keys(create()).length).toBeLessThanOrEqual(MAX_LISTED_FIELDS);
});

test("rare state that was never set reads as its default", () => {
  const connection = create();
  connection.unfinishedSince = undefined;
  connection.isRevoked = false;
  expect(connection).toMatchObject({ isRevoked: false, rightsVersion: 0 });
  expect(connection.unfinishedSince).toBeUndefined();
  expect(connection.withheld).toBeUndefined();
});

test("rare state keeps what it was set to", () => {
  const connection = create();
  const other = create();
  connection.rightsVersion++;
  connection.rightsVersion++;
  connection.unfinishedSince = 7;
  connection.isRevoked = true;
  expect(connection).toMatchObject({ isRevoked: true, rightsVersion: 2, unfinishedSince: 7 });
  connection.unfinishedSince = undefined;
  expect(connection.unfinishedSince).toBeUndefined();
  expect(other).toMatchObject({ isRevoked: false, rightsVersion: 0 });
});
