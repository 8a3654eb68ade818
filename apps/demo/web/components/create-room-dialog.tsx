import { ROOM_PATTERN } from "../../shared/constants.ts";
import { useClient } from "../chat/halyard.ts";
import { useTask } from "../hooks/use-task.ts";
import { formText } from "../lib/form-text.ts";
import { assertOnline } from "../lib/problem-text.ts";
import { FormDialog } from "./form-dialog.tsx";

interface CreateRoomDialogProps {
  readonly onCreated: (name: string) => void;
  readonly onClose: () => void;
}

export function CreateRoomDialog({ onCreated, onClose }: CreateRoomDialogProps) {
  const client = useClient();
  const task = useTask(async (form) => {
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
    <FormDialog title="New room" action="Create room" task={task} onClose={onClose} testId="create-room-form">
      <label htmlFor="room-name">Name</label>
      <input id="room-name" name="name" required autoComplete="off" placeholder="tall-ships" />
      <small>All users can see the room and write in it.</small>
    </FormDialog>
  );
}
