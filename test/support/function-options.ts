// Finds every option that is a function, in the types of the published packages.
// The test of application code compares them with its table, so that no new option is missing there.
// The compiler API reads the built declarations; no code of them runs.
import ts from "typescript-5.9";

const OPTIONS_TYPE = /(?:Options|Config)$/;

/** @returns `Type.property.property` for each function in an exported type whose name ends in Options or Config */
export function functionOptionsOf(entries: readonly string[]): string[] {
  const program = ts.createProgram([...entries], {
    strict: true,
    skipLibCheck: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2023,
    types: ["node"],
  });
  const walk = new Walk(program.getTypeChecker());
  for (const entry of entries) walk.readEntry(program.getSourceFile(entry));
  return [...walk.found].sort();
}

class Walk {
  readonly #checker: ts.TypeChecker;
  readonly found = new Set<string>();

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  readEntry(file: ts.SourceFile | undefined): void {
    const module = file && this.#checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${file?.fileName ?? "an entry"} is no module`);
    for (const symbol of this.#checker.getExportsOfModule(module)) {
      if (!OPTIONS_TYPE.test(symbol.name)) continue;
      this.#readProperties(this.#checker.getDeclaredTypeOfSymbol(this.#original(symbol)), symbol.name, []);
    }
  }

  #original(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** @param above the types that contain this one. A type that contains itself is read once. */
  #readProperties(type: ts.Type, path: string, above: readonly ts.Type[]): void {
    if (above.includes(type)) return;
    for (const property of this.#checker.getPropertiesOfType(type)) {
      const propertyType = this.#checker.getTypeOfSymbol(property);
      for (const member of propertyType.isUnion() ? propertyType.types : [propertyType])
        this.#readMember(member, `${path}.${property.name}`, [...above, type]);
    }
  }

  #readMember(type: ts.Type, path: string, above: readonly ts.Type[]): void {
    const isFunction = type.getCallSignatures().length + type.getConstructSignatures().length > 0;
    if (isFunction) this.found.add(path);
    else if (isOptionObject(type)) this.#readProperties(type, path, above);
  }
}

/** Whether a type is an options object: its properties are declared by Halyard, and it is no class. */
function isOptionObject(type: ts.Type): boolean {
  if (!(type.flags & ts.TypeFlags.Object) || type.isClass()) return false;
  return type.getProperties().some(({ declarations = [] }) => declarations.some(isOfHalyard));
}

function isOfHalyard(declaration: ts.Declaration): boolean {
  const { fileName } = declaration.getSourceFile();
  return !ts.isClassLike(declaration.parent) && !/\/node_modules\/(?!@halyard\/)/.test(fileName);
}
