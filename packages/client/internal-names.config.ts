/** The members that the parts of this package share. No other code uses these words, so the build shortens them. */
export const INTERNAL_NAMES =
  `acquire attach connection createClient disconnect drop dropAll dueAt emit emitter end enter exit expireTypes expiresAt
  flush forget framesFor groupFor handles hasLeft hasOwnCredentials held hide isAnswered isEnded
  isHalyard isHeld isJoining isOpen isPending isRenewal isRepeated isRequested isSent isShowTimerSet isUnconfirmed isWelcomed isWritten
  kept lastId lastSeq learn leaveIdle listOf listen markUnconfirmed membershipChanged names nextUrl ofClient ofHello onActivity
  onAnswer onChange onDead onDisconnected onEnd onFlush onFrame onJoined onLeft onOpen
  onReply onServerRequest onSignIn onTabAnswer onTabFrame onText onTransition onUserChange onWelcome ownClient
  pendingListeners readers receive refusal register release reportError reset restart resumption scopeParts sendFrame
  sender serverMs settle settleAll show showTimer shown shownLast shownSince skipBackoff statesFor stop storeOf
  survivesReconnect take takeAlone takeOver timer toDate transition unanswered update userLists usersOf wake
  wanted write`.split(/\s+/);
