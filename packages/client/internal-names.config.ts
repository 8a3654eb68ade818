/** What the parts of this package call each other by, as far as nobody else uses the same word: the build shortens it. */
export const INTERNAL_NAMES =
  `alarm complained connection dead done doubt drop dueAt emit emitter ended enter exit flush handles heard hide hold hurry
  isAnswered isAsked isClosed isDoubtful isDue isJoining isLasting isSent isWelcomed isWritten keep moved mustWait names opened
  receive received restart roomChanged session show stateChanged stop take userChanged usersOf waits wake welcomed
  write`.split(/\s+/);
