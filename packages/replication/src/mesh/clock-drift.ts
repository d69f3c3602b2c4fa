/** Whether a change was made so far in a node's future that its clock, or the one it was made by, is to be mended first. */
export function isTooFarAhead(ms: number, wallMs: number, driftMsMax: number): boolean {
  return ms > wallMs + driftMsMax;
}

/** By how much a time is ahead of a wall clock; 0 for what is not. */
export function msAhead(ms: number, wallMs: number): number {
  return Math.max(0, ms - wallMs);
}
