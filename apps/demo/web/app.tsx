import { lazy, Suspense } from "react";
import { Splash } from "./components/splash.tsx";
import { ToastList } from "./components/toast-list.tsx";
import { useShownPage } from "./lib/shown-page.ts";
import { TabPage } from "./front-page/tab-page.tsx";
import { FrontPage } from "./front-page/front-page.tsx";

const ChatScreen = lazy(() => import("./chat-screen.tsx"));

/** Shows the front page, another tab of a visit, or the chat: for a user with a session, and at the address of a room. */
export function App() {
  const page = useShownPage();
  return (
    <>
      {page === "tab" ? (
        <TabPage />
      ) : page === "front" ? (
        <FrontPage />
      ) : (
        <Suspense fallback={<Splash />}>
          <ChatScreen />
        </Suspense>
      )}
      <ToastList />
    </>
  );
}
