import type { SendError } from "@halyard/client";

/** The result of `useRequest`. `data` is kept while the request is repeated. `status` narrows. */
export type UseRequestResult<TReply, TError = SendError> =
  | {
      readonly status: "pending";
      readonly data: TReply | undefined;
      readonly error: undefined;
      readonly refetch: () => void;
    }
  | {
      readonly status: "success";
      readonly data: TReply;
      readonly error: undefined;
      readonly refetch: () => void;
    }
  | {
      readonly status: "error";
      readonly data: TReply | undefined;
      readonly error: TError;
      readonly refetch: () => void;
    };

/** The last arguments of hooks, for types that need a room and for types that do not. */
export interface RoomOption {
  required: [options: { readonly room: string }];
  optional: [options?: { readonly room?: string | undefined }];
}

/** The option `room`, for names that need a room and for names that do not. */
export interface RoomField {
  required: { readonly room: string };
  optional: { readonly room?: string | undefined };
}

/** The options of `useRequest`. */
export interface UseRequestOptions {
  /** Whether to send the request. `refetch` sends it in either case. `false` keeps `data`. @default true */
  readonly enabled?: boolean | undefined;
}

/** The arguments of `useRequest` after the name: the input, which may be omitted if it may be undefined, and options. */
export type UseRequestArguments<TInput, TRoom extends keyof RoomField> = undefined extends TInput
  ? TRoom extends "required"
    ? [input: TInput | undefined, options: UseRequestOptions & RoomField[TRoom]]
    : [input?: TInput, options?: UseRequestOptions & RoomField[TRoom]]
  : TRoom extends "required"
    ? [input: TInput, options: UseRequestOptions & RoomField[TRoom]]
    : [input: TInput, options?: UseRequestOptions & RoomField[TRoom]];
