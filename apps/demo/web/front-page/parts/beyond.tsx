import { Icon } from "../../components/icon.tsx";
import { CHAT, REPOSITORY } from "../links.ts";
import { SourceLines } from "./source-lines.tsx";

/** Links to the features that two panes cannot show, because they need an editor, an account or several machines. */
export function Beyond() {
  return (
    <section className="band" aria-labelledby="beyond">
      <div className="band-head">
        <h2 id="beyond">Beyond this page</h2>
        <a className="button primary" href={CHAT}>
          Open the chat
          <Icon name="send" />
        </a>
      </div>
      <ul className="beyond">
        <li className="card">
          <h3>Typed at both ends</h3>
          <p>
            One contract types the client and checks every frame at the server. A wrong field does not
            compile, and does not get in.
          </p>
          <SourceLines excerpt="contract" title="Typed at both ends" />
        </li>
        <li className="card">
          <h3>A whole chat</h3>
          <p>
            Accounts of Better Auth, rooms with history, unread counts, and an admin who kicks and bans. A ban
            closes every socket of the user at once.
          </p>
          <a className="card-link" href={`${REPOSITORY}/tree/main/apps/demo#the-chat`}>
            What to try in it
          </a>
        </li>
        <li className="card">
          <h3>Several nodes</h3>
          <p>
            <code>npx -y pnpm@12 demo:cluster</code> runs this page on three nodes and a Redis, and has
            buttons that take them away.
          </p>
          <a className="card-link" href={`${REPOSITORY}/tree/main/apps/demo#several-nodes`}>
            How it scales out
          </a>
        </li>
      </ul>
    </section>
  );
}
