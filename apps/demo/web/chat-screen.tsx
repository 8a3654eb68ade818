import "./styles/overlays.css";
import "./styles/sign-in.css";
import "./styles/layout.css";
import "./styles/sidebar.css";
import "./styles/cluster.css";
import "./styles/people.css";
import "./styles/messages.css";
import "./styles/composer.css";
import { useEffect, useState } from "react";
import { authClient } from "./lib/auth-client.ts";
import { rememberSession, showFrontPage } from "./lib/shown-page.ts";
import { ChatApp } from "./components/chat-app.tsx";
import { Splash } from "./components/splash.tsx";
import { SignIn } from "./sign-in/sign-in.tsx";
import { Unreachable } from "./sign-in/unreachable.tsx";

interface Farewell {
  readonly sessionId: string;
  readonly notice: string;
}

/** The chat of a signed-in user, or the sign-in form. Loaded on demand, because the front page does not need it. */
export default function ChatScreen() {
  const { data, error, isPending, refetch } = authClient.useSession();
  const [farewell, setFarewell] = useState<Farewell>();
  // A ban closes the socket before the session is deleted, so the close counts until there is another session.
  const hasEnded = farewell !== undefined && data?.session.id === farewell.sessionId;
  if (data && farewell && !hasEnded) setFarewell(undefined);
  const isSignedIn = Boolean(data) && !hasEnded;
  const isSignedOut = !isSignedIn && !isPending && !error;

  useEffect(() => {
    if (isSignedIn) rememberSession(true);
    if (!isSignedOut) return undefined;
    rememberSession(false);
    // A visitor without a session, at an address without a room, gets the front page: also by the button "Back" of the browser.
    const show = () => {
      if (location.hash.length <= 1 && farewell === undefined) showFrontPage();
    };
    show();
    addEventListener("hashchange", show);
    return () => removeEventListener("hashchange", show);
  }, [isSignedIn, isSignedOut, farewell]);

  if (data && !hasEnded) {
    const { id, name, role, isAnonymous } = data.user;
    const account = { userId: id, name, isAdmin: role === "admin", isGuest: isAnonymous === true };
    const onSignedOut = (notice: string) => {
      setFarewell({ sessionId: data.session.id, notice });
      void refetch();
    };
    // The key removes all state of one user before another user signs in.
    return <ChatApp key={id} account={account} onSignedOut={onSignedOut} />;
  }
  if (isPending) return <Splash />;
  if (error) return <Unreachable onRetry={() => void refetch()} />;
  return <SignIn notice={farewell?.notice} />;
}
