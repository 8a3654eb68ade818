import { useStore } from "./use-store.ts";
import { createStore } from "../model/store.ts";
import type { SignOutTime, Stage } from "../model/stage.ts";

interface SignOutProps {
  readonly stage: Stage | undefined;
  readonly onRestart: () => void;
}

const NOT_SIGNED_OUT = createStore<SignOutTime | undefined>(undefined);

/** The button that signs both panes out, with the time from the click to the last closed socket. */
export function SignOut({ stage, onRestart }: SignOutProps) {
  const time = useStore(stage?.signedOut ?? NOT_SIGNED_OUT);
  const isOut = time !== undefined;
  return (
    <div className="sign-out">
      <button
        type="button"
        className="button small"
        data-testid="sign-out"
        onClick={() => (isOut ? onRestart() : stage?.signOut())}
      >
        {isOut ? "Start another visit" : "Sign out everywhere"}
      </button>
      <p role="status" data-testid="sign-out-time">
        {isOut && `${time.sockets} sockets closed in ${Math.ceil(time.ms)} ms`}
      </p>
    </div>
  );
}
