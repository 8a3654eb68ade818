import { LIMITS } from "@halyard/protocol/wire";
import type { ServerLimits } from "./types.js";

const KIB = 1024;

export const DEFAULT_LIMITS: ServerLimits = {
  messageBytes: LIMITS.messageBytes,
  messagesPerSecond: 50,
  messageBurst: 100,
  bytesPerSecond: 256 * KIB,
  byteBurst: 512 * KIB,
  chatPerSecond: 5,
  chatBurst: 10,
  joinsPerSecond: 10,
  joinBurst: 30,
  typingPerSecond: 1,
  typingBurst: 3,
  rooms: LIMITS.rooms,
  waitingSends: 32,
  runningRequests: 16,
  waitingRequests: 64,
  handlerMs: 30_000,
  slowBytes: 256 * KIB,
  maxBufferedBytes: KIB * KIB,
  stalledMs: 10_000,
  helloMs: LIMITS.helloMs,
  heartbeatMs: 25_000,
  silenceMs: 35_000,
  leaveGraceMs: 5_000,
  presenceBatchMs: 100,
  historyMessages: 1_000,
  historyBytes: KIB * KIB,
  historyMs: 5 * 60_000,
};
