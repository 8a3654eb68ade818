import type { Sending } from "@halyard/client";
import { useCallback } from "react";
import type { AnyClient } from "../common/client-view.ts";
import type { RoomOptions } from "./use-message.ts";
import { useScope } from "./use-scope.ts";

export function useSend(
  client: AnyClient,
  type: string,
  { room }: RoomOptions = {},
): (fields?: object) => Sending<unknown> | undefined {
  const scope = useScope(client, room);
  return useCallback((fields) => scope.send(type, fields), [scope, type]);
}
