/** Rate limits that a benchmark would reach. History, offsets, presence, heartbeats and deduplication stay as they are. */
export const raisedLimits = {
  messagesPerSecond: 1e6,
  messageBurst: 1e6,
  bytesPerSecond: 1e9,
  byteBurst: 1e9,
  chatPerSecond: 1e6,
  chatBurst: 1e6,
  joinsPerSecond: 1e6,
  joinBurst: 1e6,
  typingPerSecond: 1e6,
  typingBurst: 1e6,
  channelBytesPerSecond: 1e9,
  channelByteBurst: 1e9,
  acceptedUpgradesPerSecond: 1e6,
  acceptedUpgradeBurst: 1e6,
  handshakesPerAddress: 1e6,
  handshakes: 1e6,
};
