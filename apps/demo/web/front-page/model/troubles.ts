// The troubles that buttons cause on the connection of the visitor. The client recovers from each of them without help.
import { pause } from "./pause.ts";
import type { PaneSession } from "./pane-session.ts";

export const TROUBLES = ["unplug", "freeze", "double", "cuts", "kill"] as const;
export type TroubleName = (typeof TROUBLES)[number];

const TROUBLE_TITLES: Readonly<Record<TroubleName, string>> = {
  unplug: "The plug was pulled for four seconds",
  freeze: "The line froze",
  double: "Each message was sent twice",
  cuts: "The line was cut twenty times",
  kill: "The server was killed",
};

export interface TroubleContext {
  readonly you: PaneSession;
  readonly companion: PaneSession;
  readonly signal: AbortSignal;
}

type RunTrouble = (context: TroubleContext) => Promise<void>;

const CUTS = 20;
const KILL_DEADLINE_MS = 5_000;

/** Runs one trouble to its end. @throws the reason of an aborted signal, and an Error if the server does not end */
export async function runTrouble(name: TroubleName, context: TroubleContext): Promise<void> {
  const { you } = context;
  you.trial.begin(TROUBLE_TITLES[name]);
  try {
    await RUN[name](context);
  } catch (error) {
    you.trial.cancel();
    throw error;
  } finally {
    restore(you);
  }
}

const RUN: Readonly<Record<TroubleName, RunTrouble>> = { unplug, freeze, double, cuts, kill };

async function unplug({ you, companion, signal }: TroubleContext): Promise<void> {
  you.network.unplug();
  you.isPlugged.set(false);
  await pause(700, signal);
  you.write("Written while the plug was out.");
  await pause(700, signal);
  companion.write("You cannot see this yet.");
  await pause(900, signal);
  you.write("And one more, still offline.");
  await pause(1_700, signal);
}

/** Makes the socket silent without a close. Then the browser reports a network, and the client checks its connection. */
async function freeze({ you, companion, signal }: TroubleContext): Promise<void> {
  you.network.freeze();
  you.trial.onDown();
  await pause(500, signal);
  you.write("This one goes into a dead line.");
  companion.write("And this one never reaches you.");
  await pause(1_000, signal);
  you.write("So does this one.");
  you.network.announceNetwork();
  while (you.client.state.status === "open") await pause(50, signal);
}

async function double({ you, companion, signal }: TroubleContext): Promise<void> {
  you.network.isDoubling = true;
  for (const count of ["One", "Two", "Three", "Four"]) {
    you.write(`${count}. Sent twice, and shown once.`);
    await pause(450, signal);
  }
  companion.write("I got each of them once.");
  await pause(300, signal);
}

async function cuts({ you, companion, signal }: TroubleContext): Promise<void> {
  for (let cut = 1; cut <= CUTS; cut++) {
    while (!you.isUp) await pause(20, signal);
    you.network.cut();
    if (cut % 5 === 0) you.write(`Written at cut ${cut} of ${CUTS}.`);
    if (cut % 5 === 2) companion.write(`I write on, at cut ${cut}.`);
  }
}

async function kill({ you, companion, signal }: TroubleContext): Promise<void> {
  you.write("Sent right before the server dies.");
  you.client.send("kill_server", {});
  const deadline = performance.now() + KILL_DEADLINE_MS;
  while (you.isUp) {
    if (performance.now() > deadline)
      throw new Error("The server was not killed. Try again in a few seconds.");
    await pause(20, signal);
  }
  await pause(300, signal);
  you.write("No server is there to read this.");
  companion.write("Is anybody there?");
}

function restore({ network, isPlugged, trial }: PaneSession): void {
  network.isDoubling = false;
  network.plugIn();
  isPlugged.set(true);
  trial.release();
}
