// TypeScript's language service on one source text.
// The types suite reads the compiler's messages and the hovers from it.
// The file exists only in memory; its imports resolve as those of `types/`.
import { join } from "node:path";
import ts from "typescript";
import { STRICT } from "../support/typescript.ts";

export interface Mistake {
  /** The compiler's message, from the outermost line to the reason, and what it points to beside it. */
  readonly text: string;
  /** The underlined text. */
  readonly at: string;
}

const FILE = join(import.meta.dirname, "source.ts");
const MARK = "/*h*/";

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

  /** The underlined mistakes of a source text. */
  mistakesIn(source: string): Mistake[] {
    this.#open(source);
    const found = [
      ...this.#service.getSyntacticDiagnostics(FILE),
      ...this.#service.getSemanticDiagnostics(FILE),
    ];
    return found.map(({ messageText, relatedInformation = [], start = 0, length = 0 }) => ({
      text: [messageText, ...relatedInformation.map((related) => related.messageText)]
        .map((text) => ts.flattenDiagnosticMessageText(text, "\n"))
        .join("\n"),
      at: source.slice(start, start + length),
    }));
  }

  /** The text of a hover at the comment `h` in a source text. */
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
