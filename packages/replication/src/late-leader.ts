/**
 * Whether a refusal is over by itself once the node that gave it has caught up. A leader that ends before its follower has
 * lost changes, and nobody may follow it on. A follower that does so is late, most likely because it was started anew: the
 * log is the same one, or it would have been refused as another. As long as it is late its followers are not in contact and
 * say why; should its own leader have lost changes after all, then what it gets from there is not on their history, and
 * they are refused for that.
 *
 * An operator who has said that a reset is to be followed means this one: a follower that was itself reset is behind for as
 * long as nobody writes.
 */
export function isOnlyLate(code: string, role: unknown, mayReset = false): boolean {
  return code === 'ahead' && role === 'follower' && !mayReset;
}

export function lateSentence(detail: string): string {
  return `the follower it follows is behind this node: ${detail}`;
}
