import { useEffect, useEffectEvent, useState } from "react";
import type { Account } from "../chat/account.ts";
import { ChatContext } from "../chat/chat-context.ts";
import { ChatSession } from "../chat/chat-session.ts";
import { useToasts } from "../lib/toasts.ts";
import { Shell } from "./shell.tsx";
import { Splash } from "./splash.tsx";

interface ChatAppProps {
  readonly account: Account;
  readonly onSignedOut: (notice: string) => void;
}

const BANNED = "An admin has banned you. You are signed out, and this account cannot come in again.";

/** Holds one chat session for as long as a user is signed in. */
export function ChatApp({ account, onSignedOut }: ChatAppProps) {
  const { userId, name } = account;
  const toasts = useToasts();
  const [chat, setChat] = useState<ChatSession>();
  const signedOut = useEffectEvent(onSignedOut);

  useEffect(() => {
    const session = new ChatSession({ self: { userId, name }, onProblem: toasts.show });
    session.connection.subscribe(() => {
      const state = session.connection.get();
      if (state.status !== "authRequired" || session.isKicked.get()) return;
      // The session has ended, in this page or elsewhere: the client has stopped, and the app shows the sign-in form.
      signedOut(state.reason === "forbidden" ? BANNED : "You have been signed out.");
    });
    setChat(session);
    return () => session.close();
  }, [userId, name, toasts]);

  if (!chat) return <Splash />;
  return (
    <ChatContext value={chat}>
      <Shell account={account} />
    </ChatContext>
  );
}
