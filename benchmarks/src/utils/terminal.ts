/** Prints a line of the report on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Shows the current step on standard error: in one line that is overwritten on a terminal, else in a line of its own. */
export function showProgress(text: string): void {
  const line = text === "" ? "" : `${elapsed()}  ${text}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else if (line !== "") process.stderr.write(`${line}\n`);
}

/** The time since the start of this process, in minutes and seconds. */
export function elapsed(): string {
  const seconds = Math.round(process.uptime());
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, "0")}`;
}
