// A server and simulated tabs whose clients share a connection; each test of a file gets new ones.
import { afterEach, beforeEach } from "vitest";
import { openSharingClient, serveTabs } from "./sharing-clients.ts";
import type { SharingClient } from "./sharing-clients.ts";
import { SimulatedBrowser } from "./simulated-tabs.ts";

export let server: Awaited<ReturnType<typeof serveTabs>>;
let browser: SimulatedBrowser;
/** The tabs that were opened in this test. */
export let tabs: SharingClient[];

/** Starts the server before each test of the file, and ends it and the clients of all tabs after the test. */
export function useSharingScene(): void {
  beforeEach(async () => {
    server = await serveTabs();
    browser = new SimulatedBrowser();
    tabs = [];
  });
  afterEach(async () => {
    for (const { client } of tabs) client.close();
    await server.stop();
  });
}

/** Ends the server, and starts another one. */
export async function replaceServer(options: Parameters<typeof serveTabs>[0]): Promise<void> {
  await server.stop();
  server = await serveTabs(options);
}

/** Opens a tab. @param options those that differ from a tab of the scene's server */
export function openTab(options: Partial<Parameters<typeof openSharingClient>[1]> = {}): SharingClient {
  const tab = openSharingClient(browser, { url: server.url, ticket: () => "ada", ...options });
  tabs.push(tab);
  return tab;
}
