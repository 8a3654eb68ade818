/** The default rates of a connection. Tests of the limits use them; the fixture raises them for all other tests. */
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
