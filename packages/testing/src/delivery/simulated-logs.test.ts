import { expect, it } from "vitest";
import { createRandom } from "../utils/random.ts";
import { checkDelivery } from "./delivery-checker.ts";
import type { DeliveryEvent } from "./delivery-event.ts";
import { delivered, gap, left, positioned, received, sent, skipped } from "../../test/delivery-events.ts";

it("the checker accepts 200 simulated logs, and reports each message that is taken out of one", () => {
  let missed = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const log = simulate(seed);
    expect(checkDelivery(log).violations, `seed ${seed}`).toEqual([]);
    const random = createRandom(seed);
    const messages = log.filter(({ type }) => type === "received");
    const taken = messages[Math.floor(random() * messages.length)];
    if (!taken || !mustBeMissed(log, taken)) continue;
    const report = checkDelivery(log.filter((event) => event !== taken));
    expect(report.violationCount, `seed ${seed}`).toBe(1);
    missed++;
  }
  expect(missed).toBeGreaterThan(50);
});
/** Whether another client received the message, and its own reader went past it without a gap. */
function mustBeMissed(log: DeliveryEvent[], taken: DeliveryEvent): boolean {
  if (!("offset" in taken && "client" in taken)) return false;
  const next = log
    .slice(log.indexOf(taken) + 1)
    .find(
      (event) =>
        "client" in event && event.client === taken.client && !("id" in event && event.type !== "received"),
    );
  const isPassed = next === undefined || next.type === "received" || next.type === "skipped";
  const isSame = (event: DeliveryEvent) => event.type === "received" && event.offset === taken.offset;
  return isPassed && log.some((event) => event !== taken && isSame(event));
}

/** A correct channel with four clients, which fall behind, catch up, get gaps, leave and return. */
function simulate(seed: number): DeliveryEvent[] {
  const random = createRandom(seed);
  const log: DeliveryEvent[] = [];
  const history: { offset: number; sender: string }[] = [];
  const clients = ["ada", "bob", "eve", "kim"].map((name) => ({ name, read: 0, isSubscribed: true }));
  const top = () => history.at(-1)?.offset ?? 0;
  const catchUp = (client: (typeof clients)[number]) => {
    for (; client.read < history.length; client.read++) {
      const { offset, sender } = history[client.read] ?? { offset: 0, sender: "" };
      log.push(sender === client.name ? skipped(client.name, offset) : received(client.name, offset));
    }
  };
  for (const { name } of clients) log.push(positioned(name));
  for (let step = 0; step < 300; step++) {
    const client = clients[Math.floor(random() * clients.length)];
    const chance = random();
    if (!client) continue;
    if (!client.isSubscribed) {
      if (chance > 0.2) continue;
      log.push(positioned(client.name, top()));
      client.read = history.length;
      client.isSubscribed = true;
    } else if (chance < 0.4) {
      const offset = top() + 1 + Math.floor(random() * 3);
      log.push(sent(client.name, `m${offset}`, false), delivered(client.name, `m${offset}`, offset));
      history.push({ offset, sender: client.name });
    } else if (chance < 0.9) catchUp(client);
    else if (chance < 0.95) {
      log.push(gap(client.name, top()));
      client.read = history.length;
    } else {
      log.push(left(client.name));
      client.isSubscribed = false;
    }
  }
  for (const client of clients) if (client.isSubscribed) catchUp(client);
  return log;
}
