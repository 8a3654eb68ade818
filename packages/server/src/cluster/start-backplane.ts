// Starts the backplane, and passes its events to the parts of this node. Called once by assembly.ts.
// Guarantee: after an interruption, everything that could have been missed is checked.
import type { Backplane } from "../backplane.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import type { PresenceHub } from "../presence/presence-hub.ts";
import { AnsweringNode } from "./answering-node.ts";
import { nodeOn, setNode } from "./backplane-users.ts";
import { Census } from "./census.ts";
import { ClusterStatistics } from "./cluster-statistics.ts";
import { ConnectionRequests } from "./connection-requests.ts";
import { parseNodeMessage } from "./node-message.ts";
import { NodeQuestions } from "./node-questions.ts";
import { NodeInstructions } from "./node-instructions.ts";
import { RoomCloses } from "./room-closes.ts";
import { countedRoomStats, storedRoomStats } from "./room-statistics.ts";
import { ServerRequests } from "./server-requests.ts";
import { UserRights } from "./user-rights.ts";
import type { ClientRooms } from "../connection/client-rooms.ts";
import { roomChannel } from "../channels/channel-name.ts";
import { AddressedCloses } from "../connection/addressed-closes.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { Revocations } from "../connection/revocations.ts";
import type { Connection } from "../connection/connection.ts";
import type { SessionWatches } from "../connection/session-watches.ts";
import type { ServerLimits } from "../limits.ts";
import type { MessageTypeRegistry } from "../messages/message-types.ts";
import type { Clock, ConnectionStats } from "../types.ts";
import type { BackplaneMonitor } from "../availability/backplane-monitor.ts";

/** The parts that receive the backplane's events. */
export interface BackplaneListenerParts {
  readonly channels: ChannelHub;
  readonly clientRooms: ClientRooms;
  readonly presence: PresenceHub;
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly backplane: Backplane;
  readonly monitor: BackplaneMonitor;
  readonly sessionWatches: SessionWatches;
  readonly hasPresence: boolean;
  readonly limits: ServerLimits;
  readonly types: MessageTypeRegistry;
}

/** The parts that act on connections of other nodes. */
export interface ClusterParts {
  readonly closes: AddressedCloses;
  readonly instructions: NodeInstructions;
  readonly revocations: Revocations;
  readonly roomCloses: RoomCloses;
  readonly roomStats: (room: string) => Promise<ConnectionStats>;
  readonly serverRequests: ServerRequests;
  readonly statistics: ClusterStatistics;
  readonly userRights: UserRights;
}

/** Starts the backplane of this node. */
export function startBackplane(
  listeners: BackplaneListenerParts,
  onError: (error: unknown) => void,
): ClusterParts {
  const { backplane, channels, clientRooms, clock, connections, monitor, presence, sessionWatches } =
    listeners;
  const closes = new AddressedCloses({ backplane, connections, onError });
  const revocations = new Revocations({ backplane, connections, clock, onError });
  const { instructions, roomCloses, userRights } = createInstructed(listeners, onError);
  const questions = new NodeQuestions({ backplane, clock, onError });
  const cluster = createClusterParts(listeners, questions);
  presence.onEvicted = (eviction) => {
    closes.evict(eviction);
  };
  const declareAgain = (rooms: boolean): Promise<unknown> =>
    presence.declareAgain(connections.all(), { rooms });
  // Connections that this node admitted during the outage are not counted yet, and were not checked for revocations.
  monitor.onReturn(() => {
    void declareAgain(false);
    void clientRooms.storeLeft();
    void revocations.checkAll();
  });
  monitor.start();
  const checkAll = (): Promise<void> => {
    presence.interrupted();
    sessionWatches.interrupted();
    // Some connections may have lost the right to the messages that they have missed, and to those that arrive now.
    return channels.holdUntil(Promise.all([revocations.checkAll(), instructions.catchUp()]));
  };
  const started = backplane.start({
    onPublication: (publication) => {
      if (!instructions.onPublication(publication)) channels.onPublication(publication);
    },
    onEphemeral: channels.onEphemeral,
    onPresence: presence.onPresence,
    onNotice: sessionWatches.onNotice,
    onInterrupted: (names) => {
      if (names === "all") void Promise.all([declareAgain(false), checkAll()]);
      else {
        const caughtUp = instructions.onInterrupted(names);
        if (caughtUp === undefined) channels.onInterrupted(names);
        else void channels.holdUntil(caughtUp);
      }
    },
    onMessage: (data) => {
      const message = parseNodeMessage(data);
      if ("close" in message) closes.closeHere(message);
      else questions.receive(message);
    },
    onRevoked: revocations.onRevoked,
    onFenced: () => {
      monitor.logFenced();
      // The store was replaced, or the node was away for longer than its lease.
      const checked = checkAll();
      // A client that has moved to another node meanwhile keeps what that node has stored.
      void Promise.all([declareAgain(true), checked]).then(() => clientRooms.storeAgain(connections.all()));
    },
  });
  started.then(() => instructions.catchUp()).catch(unlessStopped(monitor, onError));
  if (nodeOn(backplane) !== undefined) monitor.logShared();
  setNode(backplane, { revocations, roomCloses, userRights });
  return { closes, instructions, revocations, roomCloses, userRights, ...cluster };
}

/** A node that ends before it has reached its store ends the start, which is no failure. */
function unlessStopped(monitor: BackplaneMonitor, onError: (error: unknown) => void) {
  return (error: unknown): void => {
    if (!monitor.isStopped) onError(error);
  };
}

/** The parts whose effect is to be the same on every node, and the instructions by which they tell the other nodes. */
function createInstructed(
  { backplane, channels, clientRooms, clock, connections }: BackplaneListenerParts,
  onError: (error: unknown) => void,
): Pick<ClusterParts, "instructions" | "roomCloses" | "userRights"> {
  const instructions = new NodeInstructions({ backplane, clock, onError });
  const membersOf = (room: string): readonly Connection[] => {
    // Members that are no subscribers: their rights are being checked, their hello is being answered, the server has just given them the
    // room, or they are lost. The rooms of all other connections are not searched (10,000 connections: 0.12 ms of CPU in place of 0.58,
    // 2026-11-30).
    const others = connections
      .withLost()
      .filter(({ givenRooms, stage, withheld }) => stage !== "open" || (withheld ?? givenRooms) !== undefined)
      .filter(({ rooms, givenRooms }) => rooms?.has(room) === true || givenRooms?.has(room) === true);
    return [...new Set([...channels.subscribersOf(roomChannel(room)), ...others])];
  };
  const roomCloses = new RoomCloses({ clientRooms, instructions, membersOf, onError });
  const userRights = new UserRights({ backplane, clock, connections, instructions, onError });
  instructions.onInstruction = (instruction) => {
    if ("closeRoom" in instruction) roomCloses.closeHere(instruction);
    else userRights.changeHere(instruction);
  };
  instructions.onGap = () => {
    userRights.reviewAll();
  };
  return { instructions, roomCloses, userRights };
}

/** The parts that ask other nodes and answer them. */
function createClusterParts(
  { backplane, channels, clock, connections, hasPresence, limits, types }: BackplaneListenerParts,
  questions: NodeQuestions,
): Pick<ClusterParts, "roomStats" | "serverRequests" | "statistics"> {
  const census = new Census({ backplane, channels, connections, questions });
  const requests = new ConnectionRequests({ backplane, clock, connections, limits, questions });
  const statistics = new ClusterStatistics({ backplane, channels, clock, connections, questions });
  const answering = new AnsweringNode({ census, requests, statistics });
  questions.onQuestion = answering.onQuestion;
  const parts = { census, clock, connections, hasPresence, requests, types };
  const roomStats: ClusterParts["roomStats"] = (room) =>
    hasPresence ? storedRoomStats(backplane, room) : countedRoomStats(census, room);
  return { roomStats, serverRequests: new ServerRequests(parts), statistics };
}
