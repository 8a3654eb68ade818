import type { Recovery } from "./delivery-checker.ts";

/** What a trouble has done to one pane, as it was observed. */
export interface Verdict {
  readonly id: number;
  /** What happened, in words for the visitor. */
  readonly title: string;
  /** Whether a button of the page caused it; otherwise the connection was lost by itself. */
  readonly isCaused: boolean;
  /** How long the pane had no connection. */
  readonly awayMs: number;
  /** How many connections it took. */
  readonly connections: number;
  /** Lines that the pane wrote meanwhile. */
  readonly written: number;
  /** Written lines that arrived at the other pane exactly once. */
  readonly sentOnce: number;
  readonly replayed: number;
  readonly loaded: number;
  /** Frames that were written twice on purpose. */
  readonly doubledFrames: number;
  readonly lost: number;
  readonly doubled: number;
  /** The newest line of the pane at that moment. */
  readonly afterId: string | undefined;
}

/** What the mark of a line says that was missed. */
export const RECOVERY_TEXTS: Readonly<Record<Recovery, string>> = {
  replayed: "missed, and sent by the server after the reconnect",
  loaded: "missed, and read from the server’s database",
};

export function isGood({ lost, doubled, written, sentOnce }: Verdict): boolean {
  return lost === 0 && doubled === 0 && written === sentOnce;
}

/** "away 4.1 s · 2 sent once · 1 missed and replayed · 0 lost · 0 doubled" */
export function verdictText(verdict: Verdict): string {
  const { awayMs, connections, written, sentOnce, replayed, loaded, doubledFrames, lost, doubled } = verdict;
  return [
    awayMs > 0 && `away ${(awayMs / 1000).toFixed(1)} s`,
    connections > 1 && `${connections} reconnects`,
    doubledFrames > 0 && `${doubledFrames} frames sent twice`,
    sentOnce === written ? `${sentOnce} sent once` : `${sentOnce} of ${written} sent once`,
    (replayed > 0 || loaded === 0) && awayMs > 0 && `${replayed} missed and replayed`,
    loaded > 0 && `${loaded} missed and loaded`,
    `${lost} lost`,
    `${doubled} doubled`,
  ]
    .filter((part) => part !== false)
    .join(" · ");
}
