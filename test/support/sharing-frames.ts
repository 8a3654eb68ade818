// Tabs that share a connection, on fake timers and fake sockets: the test plays the server, frame by frame.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import { messageIdOf } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import { onTestFinished, vi } from "vitest";
import { DEFAULT_SEND_LIMITS } from "../../packages/client/src/connection/send-limits.ts";
import { shareSockets } from "../../packages/client/src/sharing/shared-socket.ts";
import { FakeSocket } from "../../packages/client/test/fake-socket.ts";
import { ADA, welcome } from "../../packages/client/test/harness.ts";
import type { TestProtocol } from "../../packages/client/test/harness.ts";
import { SimulatedBrowser, SimulatedTab } from "./simulated-tabs.ts";

export interface FramedTab {
  readonly tab: SimulatedTab;
  readonly client: WebSocketClient<TestProtocol>;
  /** The types of all messages that the client has received, each after its room. */
  readonly heard: string[];
  readonly states: string[];
}

/** The answer to the question for the user of a tab. */
export const isAda = (): Response =>
  new Response(null, { headers: { "halyard-user": messageIdOf(ADA.userId, 0) } });

/** The field `channels` of a welcome with new channels. */
export const channelsOf = (...channels: readonly string[]): object =>
  Object.fromEntries(channels.map((ch) => [ch, { epoch: "e1", off: 10, recovered: "new" }]));

export function createFrameScene() {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  FakeSocket.all = [];
  const browser = new SimulatedBrowser();
  const open = (given: Partial<WebSocketClientOptions> = {}): FramedTab => {
    const tab = new SimulatedTab(browser);
    class TabSocket extends FakeSocket {
      override addEventListener(type: string, listener: (event: never) => void): void {
        super.addEventListener(type, (event) => tab.run(() => listener(event)));
      }
    }
    const options: WebSocketClientOptions = {
      url: "ws://halyard.test/ws",
      clock: tab.clock,
      fetch: async () => isAda(),
      WebSocket: TabSocket,
      onError: () => undefined,
      ...given,
    };
    const settings = { ...options };
    shareSockets({ clock: tab.clock, options, settings, platform: tab.platform });
    const client = createWebSocketClient<TestProtocol>(settings);
    const [heard, states]: [string[], string[]] = [[], []];
    client.onAny(({ type }, { room = "all" }) => void heard.push(`${room} ${type}`));
    client.onStateChange(({ status }) => void states.push(status));
    onTestFinished(() => client.close());
    return { tab, client, heard, states };
  };
  const tick = async (ms = 60): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms);
  };
  return {
    browser,
    open,
    tick,
    get sockets(): FakeSocket[] {
      return FakeSocket.all;
    },
    get socket(): FakeSocket {
      return FakeSocket.latest;
    },
    /** Accepts the newest socket, and waits for the hello of the tabs. */
    async hello(): Promise<FakeSocket> {
      const socket = FakeSocket.latest;
      socket.accept();
      await tick(210);
      return socket;
    },
    /** Answers the hello, too. */
    async welcome(fields: object = {}): Promise<FakeSocket> {
      const socket = await this.hello();
      socket.receive(welcome({ sharing: true, limits: DEFAULT_SEND_LIMITS, ...fields }));
      await tick();
      return socket;
    },
    sent: (type: string): Frame[] => FakeSocket.all.flatMap((socket) => socket.sent(type)),
  };
}
