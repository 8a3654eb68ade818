import { MAX_ANNOUNCEMENT_LENGTH } from "../../shared/constants.ts";
import { isVisible } from "../../shared/text.ts";
import { useClient } from "../chat/halyard.ts";
import { useTask } from "../hooks/use-task.ts";
import { formText } from "../lib/form-text.ts";
import { assertOnline } from "../lib/problem-text.ts";
import { FormDialog } from "./form-dialog.tsx";

export function AnnounceDialog({ onClose }: { readonly onClose: () => void }) {
  const client = useClient();
  const task = useTask(async (form) => {
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
    <FormDialog
      title="Announce to everyone"
      action="Announce"
      task={task}
      onClose={onClose}
      testId="announce-form"
    >
      <label htmlFor="announcement">Announcement</label>
      <textarea id="announcement" name="message" rows={3} required dir="auto" />
      <small>Every user sees it in every room, for one day or until the user dismisses it.</small>
    </FormDialog>
  );
}
