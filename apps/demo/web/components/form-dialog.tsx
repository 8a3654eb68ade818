import type { ReactNode } from "react";
import type { Task } from "../hooks/use-task.ts";
import { Dialog } from "./dialog.tsx";

interface FormDialogProps {
  readonly title: string;
  /** The text of the button that submits the form. */
  readonly action: string;
  readonly task: Task;
  readonly onClose: () => void;
  readonly testId: string;
  /** The label, the control and the hint of the only field. */
  readonly children: ReactNode;
}

/** A dialog with a form of one field, the problem of its task, and two buttons. */
export function FormDialog({ title, action, task, onClose, testId, children }: FormDialogProps) {
  return (
    <Dialog title={title} kind="card" onClose={onClose}>
      <form className="dialog-form" onSubmit={task.run} data-testid={testId}>
        <div className="field">{children}</div>
        <p className="form-problem" role="alert">
          {task.problem}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={task.isBusy}>
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
