import { useToastList, useToasts } from "../lib/toasts.ts";
import { Icon } from "./icon.tsx";
import { IconButton } from "./icon-button.tsx";

export function ToastList() {
  const toasts = useToasts();
  const list = useToastList();
  return (
    <div className="toasts" role="status" aria-live="polite" data-testid="toasts">
      {list.map(({ id, kind, text }) => (
        <div className="toast" data-kind={kind} key={id}>
          <Icon name={kind === "done" ? "check" : "alert"} />
          <p>{text}</p>
          <IconButton icon="close" label="Dismiss" onClick={() => toasts.dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
