import { randomBytes } from 'node:crypto';

/** Randomness as an argument: what a new store is named with. */
export type RandomBytes = (count: number) => Buffer;

export const systemRandomness: RandomBytes = randomBytes;
