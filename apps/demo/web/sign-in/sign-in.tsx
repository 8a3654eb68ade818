import { useState } from "react";
import { Logo } from "../components/logo.tsx";
import { ThemeToggle } from "../components/theme-toggle.tsx";
import type { SignInMode } from "./sign-in-form.tsx";
import { SignInForm } from "./sign-in-form.tsx";

const MODES: readonly { readonly mode: SignInMode; readonly label: string }[] = [
  { mode: "guest", label: "Guest" },
  { mode: "sign-in", label: "Sign in" },
  { mode: "sign-up", label: "Create account" },
];

const PROMISES = [
  ["Nothing lost, nothing doubled", "Pull the plug in the middle of a sentence. It arrives once, in order."],
  ["One person, one entry", "However many tabs and devices: you come online once, and leave once."],
  ["Typed from end to end", "One contract for both sides, and sessions from Better Auth at the door."],
] as const;

export function SignIn({ notice }: { readonly notice: string | undefined }) {
  const [mode, setMode] = useState<SignInMode>("guest");
  return (
    <main className="sign-in">
      <Harbour />
      <section className="sign-in-side">
        <div className="sign-in-tools">
          <ThemeToggle />
        </div>
        <div className="sign-in-card">
          <h1>Come aboard</h1>
          <p className="sign-in-lead">A name is enough to join the chat.</p>
          {notice !== undefined && (
            <p className="notice" role="status">
              {notice}
            </p>
          )}
          <fieldset className="segments">
            <legend className="sr-only">How to join</legend>
            {MODES.map(({ mode: value, label }) => (
              <label key={value} className="segment" data-testid={`mode-${value}`}>
                <input type="radio" name="mode" checked={mode === value} onChange={() => setMode(value)} />
                <span>{label}</span>
              </label>
            ))}
          </fieldset>
          {/* Keyed, so that an error of one form does not greet in the next. */}
          <SignInForm key={mode} mode={mode} />
        </div>
      </section>
    </main>
  );
}

function Harbour() {
  return (
    <section className="harbour" aria-label="About Halyard">
      <p className="harbour-brand">
        <Logo size={36} />
        Halyard
      </p>
      <div className="harbour-pitch">
        <p className="harbour-title">Real time that holds when the line goes slack.</p>
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
