/** What the parts of this package call each other by, as far as nobody else uses the same word: the build shortens it. */
export const INTERNAL_NAMES =
  `alarm complained dead dispatch done doubt drop dueAt emit emitter ended enter exit flush handles hear heard hide
  hold host hurry isAnswered isAsked isClosed isDoubtful isDue isJoining isLasting isSent isWelcomed isWritten
  moved names opened receive received restart roomChanged settle show stateChanged stop take userChanged usersOf
  waits wake welcomed write`.split(/\s+/);
