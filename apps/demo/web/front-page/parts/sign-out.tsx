import { useStore } from "./use-store.ts";
import { createStore } from "../model/store.ts";
import type { SignOutTime, Stage } from "../model/stage.ts";

interface SignOutProps {
  readonly stage: Stage | undefined;
  readonly onRestart: () => void;
}

const NOT_OVER = createStore(false);
const NOT_SIGNING_OUT = createStore(undefined);
const NOT_SIGNED_OUT = createStore<SignOutTime | undefined>(undefined);

/** The button that signs both panes out, with the time from the click to the last closed socket. */
export function SignOut({ stage, onRestart }: SignOutProps) {
  const time = useStore(stage?.signedOut ?? NOT_SIGNED_OUT);
  const isOver = useStore(stage?.isOver ?? NOT_OVER);
  const signingOut = useStore(stage?.signingOut ?? NOT_SIGNING_OUT);
  const isBusy = signingOut !== undefined && !isOver;
  return (
    <div className="sign-out">
      <button
        type="button"
        className="button small"
        data-testid="sign-out"
        aria-disabled={isBusy}
        onClick={() => (isOver ? onRestart() : stage?.signOut())}
      >
        {isOver ? "Start another visit" : "Sign out everywhere"}
      </button>
      <p role="status" data-testid="sign-out-time">
        {isBusy && signingOut === "waits" && "The sign-out waits for a connection: plug in."}
        {time &&
          `${time.sockets} ${time.sockets === 1 ? "socket" : "sockets"} closed in ${Math.ceil(time.ms)} ms`}
      </p>
    </div>
  );
}
