/** Private names that this project has replaced by common terms (ARCHITECTURE.md#words). */
const forbidden = [
  ...[
    "choir",
    "soloist",
    "singer",
    "unison",
    "sing",
    "wish",
    "keepsake",
    "seldom",
    "unrest",
    "linger",
    "lane",
  ],
  ...["door", "doorkeeper", "desk", "stranger", "mercy", "patience", "doubt", "whence", "asker", "strike"],
].flatMap((word) => inflections(word).map((form) => [form, word] as const));

/** Words that are forbidden in this form only: `moved` and `move` are allowed. */
const exact = [["moves", "moves"]] as const;

const words: ReadonlyMap<string, string> = new Map([...forbidden, ...exact]);

/** Forbidden sequences of words, as in `letGo`. */
const phrases = [["let", "go"]] as const;

/** Words that are allowed in some folders: the nemesis of the test kit uses the term of Jepsen. */
const exceptions = [{ word: "strike", paths: ["packages/testing/src/", "test/soak/"] }] as const;

/** Finds the forbidden words among the parts of a name (`openDoor`, `OPEN_DOOR`) or of a text. */
export function findWords(text: string, path: string): string[] {
  const parts = partsOf(text);
  const found = [
    ...parts.map((part) => words.get(part)).filter((word) => word !== undefined),
    ...phrases
      .filter((phrase) => parts.some((_, at) => phrase.every((part, offset) => parts[at + offset] === part)))
      .map((phrase) => phrase.join(" ")),
  ];
  return found.filter(
    (word) => !exceptions.some((it) => it.word === word && it.paths.some((start) => path.startsWith(start))),
  );
}

/** Splits at capitals, digits and punctuation: `HTTPDoor` has the part `door`, `outdoor` does not. */
function partsOf(text: string): string[] {
  return text
    .split(/[^\p{L}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter((part) => part !== "")
    .map((part) => part.toLowerCase());
}

function inflections(word: string): string[] {
  const stem = word.endsWith("e") ? word.slice(0, -1) : word;
  const plural = word.endsWith("y") ? `${word.slice(0, -1)}ies` : `${word}s`;
  return [word, plural, `${word}es`, `${stem}ed`, `${stem}ing`, `${stem}er`, `${stem}ers`];
}
