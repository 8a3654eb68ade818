import { join } from "node:path";
import ts from "typescript";
import { STRICT } from "../support/typescript.ts";

export interface Mistake {
  /** The compiler's sentences, from the outermost to the reason. */
  readonly text: string;
  /** What it underlines. */
  readonly at: string;
}

const FILE = join(import.meta.dirname, "source.ts");
const MARK = "/*h*/";

/** What a programmer sees with TypeScript 6 in a file of this directory, without that file being there. */
export class Editor {
  readonly #service: ts.LanguageService;
  #source = "";
  #version = 0;

  constructor() {
    const settings = ts.convertCompilerOptionsFromJson(STRICT, import.meta.dirname).options;
    const textOf = (name: string) => (name === FILE ? this.#source : ts.sys.readFile(name));
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => settings,
      getCurrentDirectory: () => import.meta.dirname,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      getScriptFileNames: () => [FILE],
      getScriptVersion: (name) => (name === FILE ? String(this.#version) : "0"),
      getScriptSnapshot: (name) => {
        const text = textOf(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      fileExists: (name) => name === FILE || ts.sys.fileExists(name),
      readFile: textOf,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      realpath: (path) => ts.sys.realpath?.(path) ?? path,
    });
  }

  /** What is underlined in a source text. */
  mistakesIn(source: string): Mistake[] {
    this.#open(source);
    const found = [
      ...this.#service.getSyntacticDiagnostics(FILE),
      ...this.#service.getSemanticDiagnostics(FILE),
    ];
    return found.map(({ messageText, start = 0, length = 0 }) => ({
      text: ts.flattenDiagnosticMessageText(messageText, "\n"),
      at: source.slice(start, start + length),
    }));
  }

  /** What a hover shows at the place in a source text that the comment `h` marks. */
  hoverIn(source: string): string {
    this.#open(source);
    const info = this.#service.getQuickInfoAtPosition(FILE, source.indexOf(MARK) + MARK.length);
    return ts.displayPartsToString(info?.displayParts);
  }

  #open(source: string): void {
    this.#source = source;
    this.#version++;
  }
}
