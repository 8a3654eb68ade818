// What the backplane tells this node, and which part hears of it. Called once by assembly.ts.
// Guarantee: after an interruption everything is checked that could have been missed.
import type { Backplane } from "./backplane.ts";
import type { ChannelHub } from "./channels/channel-hub.ts";
import type { PresenceHub } from "./channels/presence-hub.ts";
import { AddressedCloses } from "./connection/addressed-closes.ts";
import type { ConnectionTable } from "./connection/connection-table.ts";
import { Revocations } from "./connection/revocations.ts";
import type { SessionWatches } from "./connection/session-watches.ts";
import type { Clock } from "./types.ts";

/** What hears of the backplane. */
export interface BackplaneListenerParts {
  readonly channels: ChannelHub;
  readonly presence: PresenceHub;
  readonly connections: ConnectionTable;
  readonly clock: Clock;
  readonly backplane: Backplane;
  readonly sessionWatches: SessionWatches;
}

/** What acts on connections of other nodes. */
export interface ClusterParts {
  readonly closes: AddressedCloses;
  readonly revocations: Revocations;
}

/** Starts the backplane of this node. */
export function startBackplane(
  { backplane, channels, clock, connections, presence, sessionWatches }: BackplaneListenerParts,
  onError: (error: unknown) => void,
): ClusterParts {
  const closes = new AddressedCloses({ backplane, connections, onError });
  const revocations = new Revocations({ backplane, connections, clock, onError });
  const declareAgain = (rooms: boolean): void => {
    presence.declareAgain(connections.all(), {
      rooms,
      onEvicted: (eviction) => {
        closes.evict(eviction);
      },
    });
  };
  const started = backplane.start({
    onPublication: channels.onPublication,
    onEphemeral: channels.onEphemeral,
    onPresence: presence.onPresence,
    onNotice: sessionWatches.onNotice,
    onInterrupted: (names) => {
      channels.onInterrupted(names);
      if (names !== "all") return;
      declareAgain(false);
      presence.interrupted();
      void revocations.checkAll();
    },
    onMessage: closes.onMessage,
    onRevoked: revocations.onRevoked,
    onFenced: () => {
      declareAgain(true);
    },
  });
  started.catch(onError);
  return { closes, revocations };
}
