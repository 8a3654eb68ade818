import { useEffect, useEffectEvent, useState } from "react";
import { KICKED } from "../../shared/constants.ts";
import type { Account } from "../chat/account.ts";
import { createChatClient } from "../chat/create-chat-client.ts";
import { HalyardProvider, useConnection } from "../chat/halyard.ts";
import { useToasts } from "../lib/toasts.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { Shell } from "./shell.tsx";

interface ChatAppProps {
  readonly account: Account;
  readonly onSignedOut: (notice: string) => void;
}

const BANNED = "An admin has banned you. You are signed out, and this account cannot sign in again.";

/** The chat of a signed-in user, with a client of its own. */
export function ChatApp({ account, onSignedOut }: ChatAppProps) {
  const toasts = useToasts();
  const [client] = useState(() => createChatClient(toasts.show));
  useEffect(() => () => client.close(), [client]);
  return (
    <ErrorBoundary>
      <HalyardProvider client={client}>
        <SessionWatch onSignedOut={onSignedOut} />
        <Shell account={account} />
      </HalyardProvider>
    </ErrorBoundary>
  );
}

/** Shows the sign-in form after the session has ended, in this page or in another one. */
function SessionWatch({ onSignedOut }: Pick<ChatAppProps, "onSignedOut">) {
  const state = useConnection();
  const signedOut = useEffectEvent(onSignedOut);
  useEffect(() => {
    if (state.status !== "authRequired" || state.cause.reason === KICKED) return;
    signedOut(state.reason === "forbidden" ? BANNED : "You have been signed out.");
  }, [state]);
  return null;
}
