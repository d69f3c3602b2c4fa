import type { Mutant } from './mutant.ts';
import { COMPARING } from './planted/comparing.ts';
import { COPYING } from './planted/copying.ts';
import { DEFINING } from './planted/defining.ts';
import { FOLLOWING } from './planted/following.ts';
import { LEADING } from './planted/leading.ts';
import { MERGING } from './planted/merging.ts';
import { RESTORING } from './planted/restoring.ts';
import { RETAINING } from './planted/retaining.ts';
import { SERVING } from './planted/serving.ts';
import { WRITING } from './planted/writing.ts';

/** Mistakes that people make in databases like this one. Each is caught, or what should catch it is not good enough. */
export const MUTANTS: readonly Mutant[] = [
  ...WRITING,
  ...SERVING,
  ...RESTORING,
  ...RETAINING,
  ...FOLLOWING,
  ...LEADING,
  ...COPYING,
  ...COMPARING,
  ...DEFINING,
  ...MERGING,
];
