import { ROOM_PATTERN } from "../../shared/constants.ts";
import { useClient } from "../chat/halyard.ts";
import { useTask } from "../hooks/use-task.ts";
import { formText } from "../lib/form-text.ts";
import { assertOnline } from "../lib/problem-text.ts";
import { Dialog } from "./dialog.tsx";

interface CreateRoomDialogProps {
  readonly onCreated: (name: string) => void;
  readonly onClose: () => void;
}

export function CreateRoomDialog({ onCreated, onClose }: CreateRoomDialogProps) {
  const client = useClient();
  const { run, isBusy, problem } = useTask(async (form) => {
    const name = formText(form, "name")
      .trim()
      .toLowerCase()
      .replace(/[\s_]+/g, "-");
    if (!ROOM_PATTERN.test(name)) throw new Error("Use at most 32 letters from a to z, digits and hyphens.");
    assertOnline(client);
    await client.request("create_room", { name });
    onCreated(name);
    location.hash = name;
    onClose();
  });
  return (
    <Dialog title="New room" kind="card" onClose={onClose}>
      <form className="dialog-form" onSubmit={run} data-testid="create-room-form">
        <div className="field">
          <label htmlFor="room-name">Name</label>
          <input id="room-name" name="name" required autoComplete="off" placeholder="tall-ships" />
          <small>All users can see the room and write in it.</small>
        </div>
        <p className="form-problem" role="alert">
          {problem}
        </p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={isBusy}>
            Create room
          </button>
        </div>
      </form>
    </Dialog>
  );
}
