import { lazy, Suspense } from "react";
import { Splash } from "./components/splash.tsx";
import { ToastList } from "./components/toast-list.tsx";
import { useFrontPage } from "./lib/front-page.ts";
import { TabPage } from "./window/tab-page.tsx";
import { WindowPage } from "./window/window-page.tsx";

const ChatScreen = lazy(() => import("./chat-screen.tsx"));

/** The shop window for a visitor, and another tab of a visit; the chat at the address of a room, and for a user with a session. */
export function App() {
  const page = useFrontPage();
  return (
    <>
      {page === "tab" ? (
        <TabPage />
      ) : page === "window" ? (
        <WindowPage />
      ) : (
        <Suspense fallback={<Splash />}>
          <ChatScreen />
        </Suspense>
      )}
      <ToastList />
    </>
  );
}
