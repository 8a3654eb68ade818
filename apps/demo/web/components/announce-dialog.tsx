import { MAX_ANNOUNCEMENT_LENGTH } from "../../shared/constants.ts";
import { useChat } from "../chat/chat-context.ts";
import { useTask } from "../hooks/use-task.ts";
import { formText } from "../lib/form-text.ts";
import { Dialog } from "./dialog.tsx";

export function AnnounceDialog({ onClose }: { readonly onClose: () => void }) {
  const chat = useChat();
  const { run, isBusy, problem } = useTask(async (form) => {
    await chat.announce(formText(form, "message").trim());
    onClose();
  });
  return (
    <Dialog title="Announce to everyone" kind="card" onClose={onClose}>
      <form className="dialog-form" onSubmit={run} data-testid="announce-form">
        <div className="field">
          <label htmlFor="announcement">Announcement</label>
          <textarea id="announcement" name="message" rows={3} required maxLength={MAX_ANNOUNCEMENT_LENGTH} />
          <small>Everyone who is online sees it, in every room.</small>
        </div>
        <p className="form-problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={isBusy}>
            Announce
          </button>
        </div>
      </form>
    </Dialog>
  );
}
