/** What is done to the follower that is not spared. */
export type Act = 'kill' | 'start';

const ROUND_SECONDS = 20;
/** Of a round; what is left of it is there to be looked at. */
const KILLED_AT = 0.3;
const STARTED_AT = 0.6;

/** How long each round is: a demonstration that is to be over sooner has one, which is shorter. */
export function roundSeconds(seconds: number | null): number {
  return Math.min(ROUND_SECONDS, seconds ?? ROUND_SECONDS);
}

/** What is to be done next, by when it was last looked at and now, both in seconds since the beginning. */
export function actsBetween(before: number, now: number, round: number): readonly Act[] {
  const acts: { readonly act: Act; readonly at: number }[] = [];
  for (let begin = Math.floor(before / round) * round; begin <= now; begin += round) {
    acts.push({ act: 'kill', at: begin + KILLED_AT * round }, { act: 'start', at: begin + STARTED_AT * round });
  }
  return acts.filter(({ at }) => at > before && at <= now).map(({ act }) => act);
}
