import { useState } from "react";
import { authClient } from "./lib/auth-client.ts";
import { ChatApp } from "./components/chat-app.tsx";
import { Splash } from "./components/splash.tsx";
import { ToastList } from "./components/toast-list.tsx";
import { SignIn } from "./sign-in/sign-in.tsx";
import { Unreachable } from "./sign-in/unreachable.tsx";

/** Signed in: the chat. Not: the door. */
export function App() {
  return (
    <>
      <Screen />
      <ToastList />
    </>
  );
}

function Screen() {
  const { data, error, isPending, refetch } = authClient.useSession();
  const [notice, setNotice] = useState<string>();

  if (data) {
    const { id, name, role, isAnonymous } = data.user;
    const account = { userId: id, name, isAdmin: role === "admin", isGuest: isAnonymous === true };
    // Keyed by the user, so that nothing of one person's chat outlives their session.
    return <ChatApp key={id} account={account} onSignedOut={(text) => (setNotice(text), void refetch())} />;
  }
  if (isPending) return <Splash />;
  if (error) return <Unreachable onRetry={() => void refetch()} />;
  return <SignIn notice={notice} />;
}
