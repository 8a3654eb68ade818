import { Icon } from "../../components/icon.tsx";
import { CHAT } from "../links.ts";
import type { Stage } from "../model/stage.ts";
import { SignOut } from "./sign-out.tsx";
import { SourceLines } from "./source-lines.tsx";

interface PromisesProps {
  readonly stage: Stage | undefined;
  /** Starts another visit. */
  readonly onRestart: () => void;
}

/** What two panes alone cannot show: it needs an account, a stopwatch, or an editor. */
export function Promises({ stage, onRestart }: PromisesProps) {
  return (
    <section className="band" aria-labelledby="promises">
      <div className="band-head">
        <h2 id="promises">Three more promises</h2>
        <a className="button primary" href={CHAT}>
          Open the chat
          <Icon name="send" />
        </a>
      </div>
      <ul className="promises">
        <li>
          <h3>One person, many tabs</h3>
          <p>
            Open the chat in three tabs. The list has one entry for you, and others see you leave when the
            last tab is closed.
          </p>
        </li>
        <li>
          <h3>Instant sign-out</h3>
          <p>
            A sign-out, a ban or an expired session closes the sockets of that session at once, on every node.
            Sign both panes out, and take the time.
          </p>
          <SignOut stage={stage} onRestart={onRestart} />
        </li>
        <li>
          <h3>Typed at both ends</h3>
          <p>
            One contract types the client and checks every frame at the server. A wrong field does not
            compile, and does not get in.
          </p>
          <SourceLines excerpt="contract" title="Typed at both ends" />
        </li>
      </ul>
    </section>
  );
}
