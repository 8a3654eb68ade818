// The public interface of the hooks, with the types of the application's protocol.
// createHalyardReact casts its untyped hooks to these types.
// Every hook works in every state of the connection, and renders its component only when its result has changed.
import type {
  Arguments,
  ConnectionState,
  Delivery,
  Room,
  SendErrorOf,
  SentAs,
  WebSocketClient,
} from "@halyard/client";
import type {
  AnyProtocol,
  BuiltinProtocol,
  ClientMessages,
  InputOf,
  PresenceInputOf,
  PresenceStateOf,
  RoomUser,
  ServerMessage,
  ServerMessages,
} from "@halyard/protocol";
import type { ReactNode } from "react";
import type { TypingState } from "./hooks/use-typing.ts";
import type { HistoryRow, ListOptions, MessageList } from "./message-types.ts";
import type { RoomOption, UseRequestArguments, UseRequestResult } from "./request-types.ts";

/** The hooks of one protocol, and the provider that must be above them. */
export interface HalyardReact<TProtocol extends AnyProtocol = BuiltinProtocol> {
  /** Provides the client to all hooks below, and connects it if it was not started. Never closes it. */
  readonly HalyardProvider: (props: {
    readonly client: WebSocketClient<TProtocol>;
    readonly children?: ReactNode;
  }) => ReactNode;
  /** The client of the provider. @throws Error without a provider of the same hooks above, like every hook */
  readonly useClient: () => WebSocketClient<TProtocol>;
  /**
   * The state of the connection with its cause, or the result of `select`. During server rendering: `connecting`.
   *
   * @example
   * const isOpen = useConnection((state) => state.status === "open");
   */
  readonly useConnection: <TSelected = ConnectionState>(
    select?: (state: ConnectionState) => TSelected,
  ) => TSelected;
  /**
   * A room, joined while the component is mounted and 1 s longer, so that navigation between pages does not leave it. The same
   * object as long as client and name are the same; the component renders when its `state` changes.
   */
  readonly useRoom: (name: string) => Room<TProtocol>;
  /** Listens while the component is mounted, always with the listener of the latest render. */
  readonly useMessage: <TType extends keyof ServerMessages<TProtocol> & string>(
    type: TType,
    listener: (message: ServerMessage<TProtocol, TType>, delivery: Delivery) => unknown,
    options?: { readonly room?: string | undefined },
  ) => void;
  /**
   * History, live messages and the messages of this client as one list. Rows of the history need an `id`; they may have fewer
   * fields than messages.
   *
   * @example
   * const { entries, send, retry } = useMessages("chat_message", { room: "general" });
   */
  readonly useMessages: UseMessages<TProtocol>;
  /**
   * The users in the room, with `user.presence` if the contract has presence state; without a room, the users who are online; or the
   * result of `select`. During server rendering: none.
   *
   * @example
   * const others = usePresence("canvas", { others: true });
   */
  readonly usePresence: <TSelected = readonly RoomUser<PresenceStateOf<TProtocol>>[]>(
    room?: string,
    options?: {
      /** Whether to leave out the user of this client. @default false */
      readonly others?: boolean | undefined;
      /** Selects from the users. Its result is compared entry by entry, so it may return a new array. @default all users */
      readonly select?: ((users: readonly RoomUser<PresenceStateOf<TProtocol>>[]) => TSelected) | undefined;
    },
  ) => TSelected;
  /**
   * The presence state of this user in the room, and a function that changes some of its fields: at once here, within 50
   * ms for others. The room is joined while the component is mounted. All components of a room share one state; the
   * `initial` of the first one counts.
   *
   * @example
   * const [me, updatePresence] = useMyPresence("canvas", { status: "here", cursor: null });
   */
  readonly useMyPresence: (
    room: string,
    initial: InitialPresence<TProtocol>,
  ) => readonly [
    state: PresenceInputOf<TProtocol>,
    updatePresence: (patch: TProtocol["presence"]["patch"]) => void,
  ];
  /** The users who are typing in the room or, without a room, to everyone. */
  readonly useTyping: (room?: string) => TypingState;
  /**
   * Sends the request on mount, when name, input (compared as JSON) or room change, after a gap of the room (without a
   * room, of any channel), and with the next connection after a failure. Aborted on unmount. Hooks with the same key
   * share one request. Its errors are written to the console.
   *
   * @example
   * const history = useRequest("history", { before: id }, { room: "general" });
   */
  readonly useRequest: <TName extends keyof TProtocol["requests"] & string>(
    name: TName,
    ...input: UseRequestArguments<
      TProtocol["requests"][TName]["input"]["_zod"]["input"],
      TProtocol["requests"][TName]["room"]
    >
  ) => UseRequestResult<TProtocol["requests"][TName]["output"]["_zod"]["output"], SendErrorOf<TProtocol>>;
  /** A `send` for one type: the same function as long as client, type and room are the same. */
  readonly useSend: <TType extends keyof ClientMessages<TProtocol> & string>(
    type: TType,
    ...options: RoomOption[ClientMessages<TProtocol>[TType]["room"]]
  ) => (
    ...fields: Arguments<InputOf<ClientMessages<TProtocol>[TType]>>
  ) => SentAs<ClientMessages<TProtocol>[TType], SendErrorOf<TProtocol>>;
}

/** The hook `useMessages`. A type with `room: "required"`, such as a message relayed to its room, needs the option `room`. */
export type UseMessages<TProtocol extends AnyProtocol> = <
  TType extends (keyof ClientMessages<TProtocol> | keyof ServerMessages<TProtocol>) & string,
  TRow extends HistoryRow = never,
>(
  type: TType & BothWays<TProtocol, TType>,
  ...options: ListOptions<TRow>[RuleOf<TProtocol, TType>]
) => ListOf<TProtocol, TType, TRow>;

/** Checks the type: for a type that is sent in only one direction, the compiler prints a sentence that says so. */
type BothWays<
  TProtocol extends AnyProtocol,
  TType extends string,
> = TType extends keyof ServerMessages<TProtocol>
  ? TType extends keyof ClientMessages<TProtocol>
    ? unknown
    : { readonly oneWay: `clients do not send ${TType}: hear it with useMessage` }
  : {
      readonly oneWay: `the server does not send ${TType}: relay it in the contract, or send it with useSend`;
    };

type RuleOf<
  TProtocol extends AnyProtocol,
  TType extends string,
> = TType extends keyof ClientMessages<TProtocol> ? ClientMessages<TProtocol>[TType]["room"] : "optional";

/** A presence state; if the contract has none, the sentence that the compiler prints for a patch. */
type InitialPresence<TProtocol extends AnyProtocol> = [PresenceInputOf<TProtocol>] extends [never]
  ? TProtocol["presence"]["patch"]
  : PresenceInputOf<TProtocol>;

type ListOf<
  TProtocol extends AnyProtocol,
  TType extends string,
  TRow,
> = TType extends keyof ServerMessages<TProtocol> & keyof ClientMessages<TProtocol>
  ? MessageList<
      Omit<ServerMessage<TProtocol, TType>, "type"> | TRow,
      InputOf<ClientMessages<TProtocol>[TType]>,
      SendErrorOf<TProtocol>
    >
  : never;
