import { closing } from './closing.ts';
import { concurrency } from './concurrency.ts';
import { conditions } from './conditions.ts';
import { copying } from './copying.ts';
import { counting } from './counting.ts';
import { following } from './following.ts';
import { idempotency } from './idempotency.ts';
import { deciding } from './deciding.ts';
import { defining } from './defining.ts';
import { expiring } from './expiring.ts';
import { indexing } from './indexing.ts';
import type { CreateLevel } from './levels.ts';
import { leading } from './leading.ts';
import { log } from './log.ts';
import { merging } from './merging.ts';
import { moving } from './moving.ts';
import { opening } from './opening.ts';
import { reading } from './reading.ts';
import { recovering } from './recovering.ts';
import { repairing } from './repairing.ts';
import { rotting } from './rotting.ts';
import { slots } from './slots.ts';
import { snapshots } from './snapshots.ts';
import { suiteOf, type TestApi } from './suite.ts';
import { transactions } from './transactions.ts';
import { trimming } from './trimming.ts';
import { writing } from './writing.ts';

/**
 * What Skein's store promises on any abstract-level database, as tests. Give it the `describe` and `it` of a test runner
 * and a way to make an empty database. It asserts with node:assert and uses no time but its own.
 */
export function storeConformance(api: TestApi, createLevel: CreateLevel): void {
  const suite = suiteOf(api, createLevel);
  opening(suite);
  reading(suite);
  snapshots(suite);
  copying(suite);
  writing(suite);
  conditions(suite);
  concurrency(suite);
  deciding(suite);
  transactions(suite);
  idempotency(suite);
  log(suite);
  following(suite);
  leading(suite);
  counting(suite);
  defining(suite);
  indexing(suite);
  expiring(suite);
  merging(suite);
  trimming(suite);
  slots(suite);
  recovering(suite);
  repairing(suite);
  moving(suite);
  rotting(suite);
  closing(suite);
}
