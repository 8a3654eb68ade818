import { Icon } from "../../components/icon.tsx";
import { RECOVERY_TEXTS } from "../model/verdict.ts";

/** The meanings of the marks of lines. */
export function Legend() {
  return (
    <ul className="legend" aria-label="The marks of a line">
      <li>
        <Icon name="clock" /> waits for the connection
      </li>
      <li>
        <Icon name="check" /> delivered
      </li>
      {(["replayed", "loaded"] as const).map((how) => (
        <li key={how}>
          <span className="line-mark">{how}</span> {RECOVERY_TEXTS[how]}
        </li>
      ))}
    </ul>
  );
}
