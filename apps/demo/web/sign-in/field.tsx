import { useId } from "react";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "email" | "password";
  readonly autoComplete: string;
  readonly placeholder?: string;
  readonly minLength?: number | undefined;
  readonly maxLength?: number;
  readonly hint?: string | undefined;
}

export function Field({ label, hint, type = "text", ...input }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        required
        aria-describedby={hint === undefined ? undefined : hintId}
        {...input}
      />
      {hint !== undefined && <small id={hintId}>{hint}</small>}
    </div>
  );
}
