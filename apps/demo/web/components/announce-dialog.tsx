import { MAX_ANNOUNCEMENT_LENGTH } from "../../shared/constants.ts";
import { isVisible } from "../../shared/text.ts";
import { useClient } from "../chat/halyard.ts";
import { useTask } from "../hooks/use-task.ts";
import { formText } from "../lib/form-text.ts";
import { assertOnline } from "../lib/problem-text.ts";
import { Dialog } from "./dialog.tsx";

export function AnnounceDialog({ onClose }: { readonly onClose: () => void }) {
  const client = useClient();
  const { run, isBusy, problem } = useTask(async (form) => {
    const message = formText(form, "message").trim();
    if (!isVisible(message)) throw new Error("The announcement is empty.");
    const excess = message.length - MAX_ANNOUNCEMENT_LENGTH;
    if (excess > 0)
      throw new Error(
        `An announcement has at most ${MAX_ANNOUNCEMENT_LENGTH} characters: ${excess} too many.`,
      );
    assertOnline(client);
    await client.request("announce", { message });
    onClose();
  });
  return (
    <Dialog title="Announce to everyone" kind="card" onClose={onClose}>
      <form className="dialog-form" onSubmit={run} data-testid="announce-form">
        <div className="field">
          <label htmlFor="announcement">Announcement</label>
          <textarea id="announcement" name="message" rows={3} required dir="auto" />
          <small>Every user sees it in every room, for one day or until the user dismisses it.</small>
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
