export type Cell = string | number;

/** Lays out rows in columns: numbers right-aligned, texts left-aligned. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => String(row[column] ?? "").length)),
  );
  const line = (cells: readonly Cell[]) =>
    widths
      .map((width, column) => pad(cells[column] ?? "", width, rows[0]?.[column]))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}

/** Milliseconds as seconds: `1.5 s`. */
export function duration(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Milliseconds as minutes and seconds: `1:05`. */
export function minutes(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function pad(cell: Cell, width: number, sample: Cell | undefined): string {
  return typeof sample === "number" ? String(cell).padStart(width) : String(cell).padEnd(width);
}
