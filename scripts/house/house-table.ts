import { posix } from "node:path";
import { table, type Cell } from "../table.ts";
import type { Fault } from "./rules.ts";
import type { FileFacts, Survey } from "./survey.ts";

const head = [
  "",
  "files",
  "median",
  "largest file",
  "longest function",
  "circles",
  "upward",
  "words",
  "in prose",
  "comments",
];

/** A row for each area, and below it one for each of its folders that has source files. */
export function houseTable(survey: Survey, faults: readonly Fault[], areas: readonly string[]): string {
  const rows = areas.flatMap((area) => {
    const files = survey.files.filter((file) => file.area === area);
    const folders = [...Map.groupBy(files, (file) => posix.dirname(file.path))]
      .filter(([, members]) => members.some((file) => !file.isTest))
      .sort();
    const name = area === "." ? "(root)" : area;
    const rowOf = (list: readonly FileFacts[], inMarkdown: number) =>
      cells({ survey, faults, files: list, inMarkdown });
    return [
      [name, ...rowOf(files, survey.wordsInMarkdown.get(area) ?? 0)],
      ...(folders.length < 2
        ? []
        : folders.map(([path, list]) => [`  ${path.slice(area.length + 1)}/`, ...rowOf(list, 0)])),
    ];
  });
  return table(head, rows);
}

interface RowParts {
  readonly survey: Survey;
  readonly faults: readonly Fault[];
  readonly files: readonly FileFacts[];
  readonly inMarkdown: number;
}

/** The cells of some files. Tests count for the words, but not for sizes and the share of comments. */
function cells({ survey, faults, files, inMarkdown }: RowParts): Cell[] {
  const sources = files.filter((file) => !file.isTest);
  const paths = new Set(files.map((file) => file.path));
  const bySize = sources.toSorted((a, b) => a.lines - b.lines);
  const largest = bySize.at(-1);
  const longest = sources
    .flatMap(({ longestFunction }) => longestFunction ?? [])
    .reduce((most, other) => (other.lines > most.lines ? other : most), { name: "", lines: 0 });
  const countOf = (rule: string) =>
    faults.filter((fault) => fault.rule === rule && paths.has(fault.path)).length;
  return [
    sources.length,
    bySize[Math.floor(bySize.length / 2)]?.lines ?? 0,
    largest === undefined ? "–" : `${largest.lines} ${posix.basename(largest.path)}`,
    longest.lines === 0 ? "–" : `${longest.lines} ${longest.name}`,
    survey.circles.flat().filter((path) => paths.has(path)).length,
    countOf("upward import"),
    countOf("word"),
    files.reduce((sum, file) => sum + file.wordsInComments, inMarkdown),
    commentShare(sources),
  ];
}

function commentShare(files: readonly FileFacts[]): string {
  const comments = files.reduce((sum, file) => sum + file.commentLines, 0);
  const lines = files.reduce((sum, file) => sum + file.lines - file.blankLines, 0);
  return lines === 0 ? "–" : `${Math.round((comments / lines) * 100)} %`;
}
