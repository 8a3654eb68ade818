/** The members that the parts of this package share. No other code uses these words, so the build shortens them. */
export const INTERNAL_NAMES =
  `acquire connection disconnect drop dueAt emit emitter flush handles held hide isAnswered isDue isEnded isJoining
  isRequested isSent isUnconfirmed isWelcomed isWritten markUnconfirmed membershipChanged names onActivity onChange
  onChatMessage onDead onDisconnected onFrame onLeave onOpen onReply onText onTransition onUserChange onWelcome
  pendingListeners presence receive register rejectAll release reportError restart resumption sender sendFrame settle
  settleAll show skipBackoff survivesReconnect timer transition update usersOf wake write`.split(/\s+/);
