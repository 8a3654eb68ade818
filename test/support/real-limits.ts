/** What a fixture's raised limits are by default: the rates of a connection. */
export const RATES = {
  messagesPerSecond: 50,
  messageBurst: 100,
  bytesPerSecond: 262_144,
  byteBurst: 524_288,
  chatPerSecond: 5,
  chatBurst: 10,
  joinsPerSecond: 10,
  joinBurst: 30,
  typingPerSecond: 1,
  typingBurst: 3,
};
