import type { ConnectionState } from "@halyard/client";
import type { AnyClient } from "../common/client-view.ts";
import { useSelected } from "../common/use-selected.ts";

const CONNECTING: ConnectionState = { status: "connecting", attempt: 1, cause: undefined };
const identity = (state: ConnectionState): unknown => state;

export function useConnection(client: AnyClient, select = identity): unknown {
  return useSelected([client.stores.state, CONNECTING], select);
}
