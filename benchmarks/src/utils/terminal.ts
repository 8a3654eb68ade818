/** A line of the report, on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What is measured now, on standard error: one line that is overwritten on a terminal, elsewhere a line each. */
export function showProgress(text: string): void {
  const line = text === "" ? "" : `${elapsed()}  ${text}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else if (line !== "") process.stderr.write(`${line}\n`);
}

/** Since this process started: minutes and seconds. */
export function elapsed(): string {
  const seconds = Math.round(process.uptime());
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, "0")}`;
}
