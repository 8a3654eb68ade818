import { posix } from "node:path";
import { shortestPath } from "./circles.ts";
import { isTestCode } from "./files.ts";
import { layerOf, layers, nameOf } from "./layers.ts";
import type { FileFacts, Survey } from "./survey.ts";

/** A broken rule. */
export interface Fault {
  readonly rule: string;
  /** The file or folder that breaks it. */
  readonly path: string;
  readonly what: string;
}

const MAX_FILES = 20;
const MAX_LINES = 300;
const MAX_FUNCTION_LINES = 60;

/** Checks every rule. @returns the broken ones */
export function findFaults(survey: Survey): Fault[] {
  const { files } = survey;
  return [
    ...circleFaults(survey),
    ...files.flatMap(upwardFaults),
    ...files.flatMap(unlistedFaults),
    ...emptyLayerFaults(survey),
    ...folderFaults(survey),
    ...files.flatMap(sizeFaults),
    ...wordFaults(survey),
  ];
}

function circleFaults({ circles, graph }: Survey): Fault[] {
  return circles.map((members) => ({
    rule: "circle",
    path: members[0] ?? "",
    what: `${members.length} files, of them ${shortestPath(graph, members).join(" → ")}`,
  }));
}

/** The imports of a file from a higher layer. Tests may import from every layer. */
function upwardFaults({ path, isTest, imports }: FileFacts): Fault[] {
  const src = sourceFolderOf(path);
  const own = src === undefined ? undefined : layerOf(src, path);
  if (src === undefined || own === undefined || isTest) return [];
  return imports.flatMap(({ line, target }) => {
    const other = target.startsWith(`${src}/`) ? layerOf(src, target) : undefined;
    if (other === undefined || other >= own) return [];
    return [{ rule: "upward import", path, what: `${path}:${line} imports ${target}, which is above it` }];
  });
}

function unlistedFaults({ path, isTest }: FileFacts): Fault[] {
  const src = sourceFolderOf(path);
  if (src === undefined || isTest || layerOf(src, path) !== undefined) return [];
  return [{ rule: "no layer", path, what: `${path} is in no layer of scripts/house/layers.ts` }];
}

/** The layers without a file. */
function emptyLayerFaults({ files }: Survey): Fault[] {
  return Object.entries(layers).flatMap(([src, list]) => {
    const inside = files.filter(({ path }) => path.startsWith(`${src}/`)).map(({ path }) => path);
    if (inside.length === 0) return [];
    const missing = list.filter((_, index) => !inside.some((path) => layerOf(src, path) === index));
    return missing.map((layer) => ({
      rule: "no file",
      path: src,
      what: `${src} has none of "${nameOf(layer)}", a layer of scripts/house/layers.ts`,
    }));
  });
}

function folderFaults({ files }: Survey): Fault[] {
  const sources = files.filter(({ path, isTest }) => sourceFolderOf(path) !== undefined && !isTest);
  const folders = Map.groupBy(sources, ({ path }) => posix.dirname(path));
  return [...folders]
    .filter(([, members]) => members.length > MAX_FILES)
    .map(([path, members]) => ({
      rule: "full folder",
      path,
      what: `${path} has ${members.length} source files, over ${MAX_FILES}`,
    }));
}

function sizeFaults({ path, lines, longestFunction }: FileFacts): Fault[] {
  const isLong =
    !isTestCode(path) && longestFunction !== undefined && longestFunction.lines > MAX_FUNCTION_LINES;
  const at = `${path}:${longestFunction?.line}`;
  return [
    ...(lines > MAX_LINES
      ? [{ rule: "long file", path, what: `${path} has ${lines} lines, over ${MAX_LINES}` }]
      : []),
    ...(isLong
      ? [
          {
            rule: "long function",
            path,
            what: `${at} ${longestFunction.name} has ${longestFunction.lines} lines`,
          },
        ]
      : []),
  ];
}

function wordFaults({ files, badPaths }: Survey): Fault[] {
  const names = [...badPaths, ...files.flatMap((file) => file.badNames)];
  return names.map(({ path, line, kind, text, words }) => ({
    rule: "word",
    path,
    what: `${path}:${line} ${kind} ${text} (${words.join(", ")})`,
  }));
}

/** `packages/server/src` for a file below that folder. */
function sourceFolderOf(path: string): string | undefined {
  return /^packages\/[^/]+\/src(?=\/)/.exec(path)?.[0];
}
