/** Words of no glossary: each was once a private name for something that the field has a word for. */
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

/** As a noun only: what `removes`, `moved` and `move` say is plain. */
const exact = [["moves", "moves"]] as const;

const words: ReadonlyMap<string, string> = new Map([...forbidden, ...exact]);

/** Words of more than one part. */
const phrases = [["let", "go"]] as const;

/** Jepsen's own words, where its kind of scheduler is. */
const exceptions = [{ word: "strike", paths: ["packages/testing/src/", "test/soak/"] }] as const;

/** The forbidden words that are parts of a name (`openDoor`, `door-keeper`, `#lanes`) or stand in a text. */
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

/** `openDoor`, `open-door`, `OPEN_DOOR` and `HTTPDoor` have the part `door`; `outdoor` has not. */
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
