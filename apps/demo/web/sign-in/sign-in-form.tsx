import type { SubmitEvent } from "react";
import { startTransition, useActionState } from "react";
import { MAX_NAME_LENGTH } from "../../shared/constants.ts";
import { announceSignIn, authClient } from "../lib/auth-client.ts";
import { writeItem } from "../lib/browser-storage.ts";
import { formText } from "../lib/form-text.ts";
import { Field } from "./field.tsx";

export type SignInMode = "guest" | "sign-in" | "sign-up";

/** The storage key of the way in which the user of this browser has signed in last. */
export const LAST_MODE = "halyard-demo-sign-in";

const BUTTONS: Readonly<Record<SignInMode, string>> = {
  guest: "Continue as guest",
  "sign-in": "Sign in",
  "sign-up": "Create account",
};

const MIN_PASSWORD_LENGTH = 8;

/** The form of one way to sign in. After a sign-in, Better Auth has a session, and the app shows the chat. */
export function SignInForm({ mode }: { readonly mode: SignInMode }) {
  const [problem, submit, isBusy] = useActionState<string | undefined, FormData>(
    (_, form) => authenticate(mode, form),
    undefined,
  );
  // No `action` of the form, because React would empty the fields after a failure.
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    startTransition(() => submit(form));
  };
  return (
    <form className="sign-in-form" onSubmit={onSubmit} data-testid="sign-in-form">
      {mode !== "sign-in" && (
        <Field
          label="Your name"
          name="name"
          autoComplete="nickname"
          maxLength={MAX_NAME_LENGTH}
          placeholder="Ada Lovelace"
        />
      )}
      {mode !== "guest" && (
        <>
          <Field
            label="E-mail"
            name="email"
            type="email"
            autoComplete="email"
            placeholder="ada@example.com"
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autoComplete={mode === "sign-in" ? "current-password" : "new-password"}
            minLength={mode === "sign-up" ? MIN_PASSWORD_LENGTH : undefined}
            hint={mode === "sign-up" ? `At least ${MIN_PASSWORD_LENGTH} characters.` : undefined}
          />
        </>
      )}
      <p className="form-problem" role="alert" data-testid="form-problem">
        {problem}
      </p>
      <button type="submit" className="button primary wide" disabled={isBusy}>
        {isBusy ? "One moment…" : BUTTONS[mode]}
      </button>
    </form>
  );
}

/** Signs the user in. @returns the text of the problem; undefined after a success */
async function authenticate(mode: SignInMode, form: FormData): Promise<string | undefined> {
  const name = formText(form, "name").trim();
  const account = { email: formText(form, "email").trim(), password: formText(form, "password") };
  try {
    const { error } = await request(mode, name, account);
    if (error) return error.message ?? "The sign-in has failed. Please try again.";
    // A new account uses the sign-in form the next time.
    writeItem("localStorage", LAST_MODE, mode === "guest" ? mode : "sign-in");
    announceSignIn();
    return undefined;
  } catch {
    return "The server does not answer. Please try again.";
  }
}

interface Account {
  readonly email: string;
  readonly password: string;
}

function request(mode: SignInMode, name: string, account: Account) {
  switch (mode) {
    case "guest":
      // `generateName` of the server reads the query, because Better Auth types no body for this call.
      return authClient.signIn.anonymous({ fetchOptions: { query: { name } } });
    case "sign-in":
      return authClient.signIn.email(account);
    case "sign-up":
      return authClient.signUp.email({ ...account, name });
  }
}
