/** The members that the parts of this package share. No other code uses these words, so the build shortens them. */
export const INTERNAL_NAMES =
  `acquire connection createClient disconnect drop dropAll dueAt emit emitter end expireTypes flush forget
  handles held hide isAnswered isDue isEnded isHalyard isJoining isOpen isRequested isSent isShowTimerSet
  isUnconfirmed isWritten kept leaveIdle listen markUnconfirmed membershipChanged names onActivity onChange
  onChatMessage onDead onDisconnected onFlush onFrame onHide onOpen onReply onText onTransition onUserChange
  onWelcome ownClient pendingListeners receive refusal register release reportError restart resumption
  scopeParts sender sendFrame serverMs settle settleAll show shown shownLast showTimer skipBackoff stop
  storeOf survivesReconnect take takeOver timer toDate transition unanswered update userLists usersOf wake
  write`.split(/\s+/);
