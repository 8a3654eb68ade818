import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TestSystem } from "../test/test-system.ts";
import { DEFAULT_LIMITS } from "./limits.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const page = read("PROTOCOL.md").replaceAll(/\s+/g, " ");
const count = (value: number): string => value.toLocaleString("en");
const seconds = (ms: number): string => `${String(ms / 1_000)} s`;

describe("the server's limits", () => {
  const { historyMessages, historyBytes, historyMs, historyTotalBytes, waitingSends } = DEFAULT_LIMITS;

  it.each([
    `The window is ${count(historyMessages)} messages, ${String(historyBytes / 1024 ** 2)} MiB and ${String(historyMs / 60_000)} min per channel, and ${String(historyTotalBytes / 1024 ** 2)} MiB per node`,
    `at most ${String(waitingSends)} sends unanswered`,
    `pings about every ${seconds(DEFAULT_LIMITS.heartbeatMs)} and drops a peer that was silent for ${seconds(DEFAULT_LIMITS.silenceMs)}`,
    `as its first frame, within ${seconds(DEFAULT_LIMITS.helloMs)}`,
    `a handler took longer than ${seconds(DEFAULT_LIMITS.handlerMs)}`,
    `over ${String(DEFAULT_LIMITS.messageBytes / 1024)} KiB`,
    `"messagesPerSecond": ${String(DEFAULT_LIMITS.messagesPerSecond)}`,
    `"bytesPerSecond": ${String(DEFAULT_LIMITS.bytesPerSecond)}`,
    `"intervalMs": ${String(DEFAULT_LIMITS.heartbeatMs)}`,
    `"timeoutMs": ${String(DEFAULT_LIMITS.silenceMs)}`,
  ])("are the numbers of PROTOCOL.md: %s", (text) => {
    expect(page).toContain(text);
  });

  it.each([
    [
      "docs/security.md",
      `rejected upgrades by address: ${count(DEFAULT_LIMITS.refusedUpgradesPerSecond)} a second, and ${count(DEFAULT_LIMITS.refusedUpgradeBurst)} at once`,
    ],
    [
      "docs/security.md",
      `A user has ${count(DEFAULT_LIMITS.acceptedUpgradesPerSecond)} upgrades a second, and ${count(DEFAULT_LIMITS.acceptedUpgradeBurst)} at once`,
    ],
    [
      "docs/security.md",
      `${count(DEFAULT_LIMITS.authenticatesPerSecond)} a second and ${count(DEFAULT_LIMITS.authenticateBurst)} at once for each user`,
    ],
    [
      "docs/guarantees.md",
      `The window is ${count(historyMessages)} messages, ${String(historyBytes / 1024 ** 2)} MiB and ${String(historyMs / 60_000)} min per channel, and ${String(historyTotalBytes / 1024 ** 2)} MiB per node`,
    ],
    [
      "docs/guarantees.md",
      `${count(DEFAULT_LIMITS.runningRequests)} requests run at a time and ${count(DEFAULT_LIMITS.waitingRequests)} wait`,
    ],
    [
      "docs/guarantees.md",
      `(1 MiB waiting beside a replay, or ${seconds(DEFAULT_LIMITS.stalledMs)} in which no byte leaves the server)`,
    ],
    [
      "docs/migrating-from-socket-io.md",
      `One connection sends ${count(DEFAULT_LIMITS.messagesPerSecond)} frames per second`,
    ],
    ["docs/migrating-from-socket-io.md", `${count(DEFAULT_LIMITS.rooms)} rooms at most (`],
    ["packages/server/README.md", `(${count(DEFAULT_LIMITS.sheddingLagMs)} ms), new upgrades get 503`],
    ["packages/server/README.md", `A user stays online for ${seconds(DEFAULT_LIMITS.leaveGraceMs)}`],
    ["packages/server/README.md", `exceeds ${seconds(DEFAULT_LIMITS.handlerMs)} gives its sender an error`],
    [
      "packages/server/README.md",
      `the connection has ${count(DEFAULT_LIMITS.unansweredRequests)} unanswered requests`,
    ],
  ])("are the numbers of %s: %s", (path, text) => {
    expect(read(path).replaceAll(/\s+/g, " ")).toContain(text);
  });

  it("have the documented default beside each type", () => {
    const types = readFileSync(new URL("limits.ts", import.meta.url), "utf8");
    const body = /export interface ServerLimits \{([\s\S]*?)\n\}/.exec(types)?.[1] ?? "";
    const documented: string[] = [];
    let defaults: string[] = [];
    for (const line of body.split("\n")) {
      const [, values] = /@default ([\d_, and]+)/.exec(line) ?? [];
      if (values !== undefined) defaults = values.match(/[\d_]+/g) ?? [];
      const [, name] = /readonly (\w+):/.exec(line) ?? [];
      if (name !== undefined) documented.push(`${name} ${String(defaults.shift()?.replaceAll("_", ""))}`);
    }
    expect(documented).toEqual(
      Object.entries(DEFAULT_LIMITS).map(([name, value]) => `${name} ${String(value)}`),
    );
  });
});

/** The rows of the table under a heading of its own, by their first cell. */
function tableWith(path: string, head: string): Readonly<Record<string, readonly string[]>> {
  const [, table = ""] = read(path).replaceAll(/ {2,}/g, " ").split(`| ${head} |`);
  const [body = ""] = table.split("\n\n");
  const cells = body.split("\n").map((row) => row.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  return Object.fromEntries(cells.slice(2).map(([, name = "", ...rest]) => [name, rest]));
}

const kib = (bytes: number): string =>
  bytes % 1024 ** 2 === 0 ? `${String(bytes / 1024 ** 2)} MiB` : `${String(bytes / 1024)} KiB`;

describe("the default rates", () => {
  const limits = DEFAULT_LIMITS;

  it("are those of the table of PROTOCOL.md", () => {
    const rates = tableWith(
      "PROTOCOL.md",
      "frames | at once | per second | of a user: at once; per second | above the rate",
    );
    const joins = [
      limits.joinBurst,
      limits.joinsPerSecond,
      [limits.userJoinBurst, limits.userJoinsPerSecond],
    ];
    expect(Object.entries(rates).map(([name, [burst, rate, user]]) => [name, burst, rate, user])).toEqual(
      [
        [
          "all frames",
          limits.messageBurst,
          limits.messagesPerSecond,
          [limits.userMessageBurst, limits.userMessagesPerSecond],
        ],
        [
          "bytes of all frames",
          kib(limits.byteBurst),
          kib(limits.bytesPerSecond),
          [kib(limits.userByteBurst), kib(limits.userBytesPerSecond)],
        ],
        [
          "chat_message",
          limits.chatBurst,
          limits.chatPerSecond,
          [limits.userChatBurst, limits.userChatPerSecond],
        ],
        ["typing_indicator", limits.typingBurst, limits.typingPerSecond, ["those of a frame"]],
        ["join", ...joins],
        ["a request users", ...joins],
        ["authenticate", "none", "none", [limits.authenticateBurst, limits.authenticatesPerSecond]],
        ["WebSocket pings and pongs", limits.pingsPerSecond, limits.pingsPerSecond, ["none"]],
      ].map((cells) => cells.map((cell) => (Array.isArray(cell) ? cell.join("; ") : String(cell)))),
    );
  });

  it("are those of the table of docs/security.md", () => {
    const head = "what | a connection: per second, at once | a user: per second, at once | above it | test";
    const rates = tableWith("docs/security.md", head);
    const issues = (bytes: number): string => count(bytes / 64);
    const of = (name: string, own: readonly unknown[], user: readonly unknown[]) => {
      expect(rates[name]?.slice(0, 2), name).toEqual([own.join(", "), user.join(", ")]);
    };
    of(
      "frames",
      [limits.messagesPerSecond, limits.messageBurst],
      [limits.userMessagesPerSecond, limits.userMessageBurst],
    );
    of("a flood", [`${String(5 * limits.messagesPerSecond)} for 10 s`], []);
    const bytes = [limits.bytesPerSecond, limits.byteBurst];
    const userBytes = [limits.userBytesPerSecond, limits.userByteBurst];
    of("bytes", bytes.map(kib), userBytes.map(kib));
    of("issues that a schema finds", bytes.map(issues), userBytes.map(issues));
    of(
      "chat messages",
      [limits.chatPerSecond, limits.chatBurst],
      [limits.userChatPerSecond, limits.userChatBurst],
    );
    for (const name of ["joins", "pages of users (users)"])
      of(name, [limits.joinsPerSecond, limits.joinBurst], [limits.userJoinsPerSecond, limits.userJoinBurst]);
    of("rooms of a hello", [`${String(limits.rooms)} in one`], [limits.joinsPerSecond, 5 * limits.rooms]);
  });

  it("are in a welcome as in the example of PROTOCOL.md, with the times of the heartbeat", async () => {
    const system = new TestSystem();
    const [welcome] = (await system.join("ada")).received("welcome");
    const [example = ""] = /\{ "type": "welcome".*?(?= ```)/.exec(page) ?? [];
    const { limits, heartbeat } = JSON.parse(example) as Record<string, unknown>;
    expect([welcome?.["limits"], welcome?.["heartbeat"]]).toEqual([limits, heartbeat]);
    await system.expectToEndCleanly();
  });
});
