import { useState } from "react";
import { Logo } from "../components/logo.tsx";
import { ThemeToggle } from "../components/theme-toggle.tsx";
import { readItem } from "../lib/browser-storage.ts";
import type { SignInMode } from "./sign-in-form.tsx";
import { LAST_MODE, SignInForm } from "./sign-in-form.tsx";

const MODES: readonly { readonly mode: SignInMode; readonly label: string }[] = [
  { mode: "guest", label: "Guest" },
  { mode: "sign-in", label: "Sign in" },
  { mode: "sign-up", label: "Create account" },
];

const PROMISES = [
  [
    "No message is lost or sent twice",
    "Cut the connection and go on writing: messages arrive once, and in order.",
  ],
  ["One user, one entry", "With any number of tabs and devices a user comes online once, and leaves once."],
  ["Typed on both sides", "Server and page share one contract. Accounts and sessions are Better Auth's."],
] as const;

export function SignIn({ notice }: { readonly notice: string | undefined }) {
  const [mode, setMode] = useState(readMode);
  return (
    <main className="sign-in">
      <Harbour />
      <section className="sign-in-side">
        <div className="sign-in-tools">
          <ThemeToggle />
        </div>
        <div className="sign-in-card">
          <h1>Sign in to the chat</h1>
          <p className="sign-in-lead">A guest needs only a name.</p>
          {notice !== undefined && (
            <p className="notice" role="status">
              {notice}
            </p>
          )}
          <fieldset className="segments">
            <legend className="sr-only">How to sign in</legend>
            {MODES.map(({ mode: value, label }) => (
              <label key={value} className="segment" data-testid={`mode-${value}`}>
                <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
                <span>{label}</span>
              </label>
            ))}
          </fieldset>
          {/* A key, so that an error of one form is not shown in the next one. */}
          <SignInForm key={mode} mode={mode} />
        </div>
      </section>
    </main>
  );
}

/** The way in which the user of this browser has signed in last. */
function readMode(): SignInMode {
  const last = readItem("localStorage", LAST_MODE);
  return MODES.find(({ mode }) => mode === last)?.mode ?? "guest";
}

function Harbour() {
  return (
    <section className="harbour" aria-label="About Halyard">
      <p className="harbour-brand">
        <Logo size={36} />
        Halyard
      </p>
      <div className="harbour-pitch">
        <p className="harbour-title">Messages that survive a lost connection.</p>
        <ul>
          {PROMISES.map(([title, text]) => (
            <li key={title}>
              <strong>{title}</strong>
              <span>{text}</span>
            </li>
          ))}
        </ul>
      </div>
      <Waves />
    </section>
  );
}

function Waves() {
  return (
    <svg className="waves" viewBox="0 0 800 160" preserveAspectRatio="none" aria-hidden="true">
      <path d="M0 60q50-28 100 0t100 0 100 0 100 0 100 0 100 0 100 0 100 0v100H0z" />
      <path d="M-50 90q50-24 100 0t100 0 100 0 100 0 100 0 100 0 100 0 100 0 100 0v80H-50z" />
      <path d="M-20 122q50-20 100 0t100 0 100 0 100 0 100 0 100 0 100 0 100 0 100 0v60H-20z" />
    </svg>
  );
}
