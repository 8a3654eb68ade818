import type { PublicUser } from "@halyard/protocol";
import type { Bans } from "../chat/use-bans.ts";
import { useTask } from "../hooks/use-task.ts";
import { Dialog } from "./dialog.tsx";

interface BanDialogProps {
  readonly person: PublicUser;
  readonly bans: Bans;
  readonly onClose: () => void;
}

export function BanDialog({ person, bans, onClose }: BanDialogProps) {
  const { run, isBusy, problem } = useTask(async () => {
    await bans.ban(person.userId);
    onClose();
  });
  return (
    <Dialog title={`Ban ${person.name}?`} kind="card" onClose={onClose}>
      <form className="dialog-form" onSubmit={run}>
        <p>The user is signed out everywhere at once, and cannot sign in until you lift the ban.</p>
        <p className="form-problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          {/* The first button, because Enter must not cause a ban. */}
          <button type="button" className="button" data-first onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button danger" disabled={isBusy}>
            Ban
          </button>
        </div>
      </form>
    </Dialog>
  );
}
