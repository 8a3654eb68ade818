import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { STRICT } from "../support/typescript.ts";

const require = createRequire(import.meta.url);
const LIB = join(require.resolve("typescript/package.json"), "../lib");

const OPTIONS = ts.convertCompilerOptionsFromJson(STRICT, import.meta.dirname).options;

export interface Mistake {
  /** The compiler's sentences, from the outermost to the reason. */
  readonly text: string;
  /** What it underlines. */
  readonly at: string;
}

/** The mistakes of one source text, compiled with TypeScript 6 beside the files of this directory. */
export function mistakesIn(source: string): Mistake[] {
  const file = join(import.meta.dirname, "source.ts");
  const program = ts.createProgram([file], OPTIONS, hostWith(file, source));
  return ts.getPreEmitDiagnostics(program).map(({ messageText, start = 0, length = 0 }) => ({
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
    at: source.slice(start, start + length),
  }));
}

/** What an editor shows at the place that is marked in a source text by the comment `h`. */
export function hoverIn(source: string): string {
  const file = join(import.meta.dirname, "source.ts");
  const host = hostWith(file, source);
  const service = ts.createLanguageService({
    fileExists: host.fileExists,
    readFile: host.readFile,
    getCurrentDirectory: host.getCurrentDirectory,
    getDefaultLibFileName: host.getDefaultLibFileName,
    getCompilationSettings: () => OPTIONS,
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const text = host.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath ?? ((path) => path),
  });
  const info = service.getQuickInfoAtPosition(file, source.indexOf(MARK) + MARK.length);
  return ts.displayPartsToString(info?.displayParts);
}

const MARK = "/*h*/";

function hostWith(file: string, source: string): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS);
  return {
    ...host,
    getDefaultLibLocation: () => LIB,
    fileExists: (name) => name === file || host.fileExists(name),
    readFile: (name) => (name === file ? source : host.readFile(name)),
    getSourceFile: (name, ...rest) =>
      name === file
        ? ts.createSourceFile(name, source, OPTIONS.target ?? ts.ScriptTarget.ES2023)
        : host.getSourceFile(name, ...rest),
  };
}
