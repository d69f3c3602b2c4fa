import type { Slo } from '@skein/replication';

/** What the log says of a breach; the runbook explains each. */
export const SLO_SENTENCES: Readonly<Record<Slo, string>> = {
  page_read: 'reading a page of the feed took longer than it should',
  leader_call: 'the leader took longer to answer than it should',
  batch: 'applying a page took longer than it should',
  lag: 'this node is further behind its leader than it should be',
};
