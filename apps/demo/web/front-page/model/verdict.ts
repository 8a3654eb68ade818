import type { Recovery } from "./delivery-checker.ts";

/** The observed effects of a trouble on one pane. */
export interface Verdict {
  readonly id: number;
  /** The title of the trouble, for the visitor. */
  readonly title: string;
  /** Whether a button of the page caused the trouble. */
  readonly isCaused: boolean;
  /** The time without a connection, in ms. */
  readonly awayMs: number;
  /** The number of reconnects. */
  readonly connections: number;
  /** The number of lines that the pane wrote meanwhile. */
  readonly written: number;
  /** The number of these lines that arrived at the other pane exactly once. */
  readonly sentOnce: number;
  readonly replayed: number;
  readonly loaded: number;
  /** The number of frames that the page wrote twice on purpose. */
  readonly doubledFrames: number;
  readonly lost: number;
  readonly doubled: number;
  /** The id of the newest line of the pane at the time of the verdict. */
  readonly afterId: string | undefined;
}

/** The texts of the marks of missed lines. */
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
