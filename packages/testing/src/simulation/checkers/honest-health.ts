import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { LeaderHeads } from '../leader-heads.ts';

type HealthEvent = TimedEvent & { readonly kind: 'health' };

/** A node never looks better than it is: what it does not know is unknown, what it knows is not made smaller. */
export class HonestHealth implements Checker {
  readonly name = 'honest-health (F7, INV-28)';
  readonly #leaderHeads = new LeaderHeads();

  observe(event: TimedEvent): void {
    this.#leaderHeads.observe(event);
    if (event.kind !== 'health') return;
    const problem = problemOfAny(event) ?? this.#problemOfRole(event);
    if (problem !== undefined) throw new Violation(this.name, `${event.node} ${problem}`);
  }

  #problemOfRole(event: HealthEvent): string | undefined {
    if (event.role === 'leader') return problemOfLeader(event);
    // How far others are that write too, a node of a mesh has no way to know.
    return event.role === 'mesh' ? undefined : this.#problemOfFollower(event);
  }

  #problemOfFollower(event: HealthEvent): string | undefined {
    return problemOfFollower(event) ?? this.#problemOfLagSeconds(event);
  }

  /** Whatever it follows: so long ago, it says, all that had been written is what it has now. */
  #problemOfLagSeconds({ health, atMs, lateMsMax, appliedOffset }: HealthEvent): string | undefined {
    if (health.lag_seconds === null) return undefined;
    const asOfMs = atMs - 1000 * health.lag_seconds - lateMsMax - ROUNDED_MS;
    const written = this.#leaderHeads.at(asOfMs);
    if (written <= appliedOffset) return undefined;
    return `says that it lags by ${health.lag_seconds} seconds, at ${appliedOffset}, when ${written} had long been written`;
  }
}

/** Seconds are told to the millisecond, twice. */
const ROUNDED_MS = 2;

function problemOfAny({ role, health, isStoreReady, appliedOffset }: HealthEvent): string | undefined {
  if (health.role !== role) return `is a ${role} and calls itself a ${health.role}`;
  if (health.healthy && !isStoreReady) return 'calls itself healthy, and its store is not ready';
  if (health.healthy !== (health.error === null)) return `says healthy: ${health.healthy}, with error ${health.error}`;
  if (health.last_change_id !== appliedOffset)
    return `says that its last change is ${health.last_change_id}, it is ${appliedOffset}`;
  return undefined;
}

function problemOfLeader({ health }: HealthEvent): string | undefined {
  if (health.lag_changes !== 0 || health.lag_seconds !== 0)
    return `leads, and says that it lags by ${health.lag_changes} changes, ${health.lag_seconds} seconds`;
  return undefined;
}

function problemOfFollower(event: HealthEvent): string | undefined {
  const { health, atMs, lastContact, silenceMsMax } = event;
  const { connected, lag_seconds: lagSeconds } = health;
  if (connected && lastContact === null) return 'says it is connected, and has never heard from its leader';
  if (connected && lastContact !== null && atMs - lastContact.atMs > silenceMsMax)
    return `says it is connected, and has heard nothing for ${atMs - lastContact.atMs} ms`;
  if (health.healthy && !connected) return 'calls itself healthy, and is not connected';
  if (lagSeconds !== null && lagSeconds < 0) return `says that it lags by ${lagSeconds} seconds`;
  if (lagSeconds !== null && 1000 * lagSeconds > atMs + 1)
    return `says that it lags by ${lagSeconds} seconds, longer than there has been anything`;
  if (lagSeconds !== null && lastContact === null)
    return `says that it lags by ${lagSeconds} seconds, and has never heard from its leader`;
  return problemOfLagChanges(event);
}

function problemOfLagChanges({ health, lastContact, appliedOffset }: HealthEvent): string | undefined {
  const { lag_changes: lagChanges } = health;
  if (lagChanges === null) return undefined;
  if (lagChanges < 0) return `says that it lags by ${lagChanges} changes`;
  if (!health.connected) return `says that it lags by ${lagChanges} changes, and is not connected`;
  if (lastContact !== null && lagChanges < lastContact.head - appliedOffset)
    return `says that it lags by ${lagChanges} changes, at ${appliedOffset} of ${lastContact.head}`;
  return undefined;
}
