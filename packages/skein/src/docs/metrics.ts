import { code, generatedFrom, page, paragraph, table } from './markdown.ts';

/** What /metrics says of one metric, without its values. */
interface DescribedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: Set<string>;
}

/** The text of /metrics on a node of each role. */
export interface Expositions {
  readonly leader: string;
  readonly follower: string;
  readonly mesh: string;
}

/** docs/METRICS.md, from what running nodes answer: a metric is described where it is made, and nowhere else. */
export function renderMetrics(expositions: Expositions): string {
  const leader = metricsOf(expositions.leader);
  const follower = metricsOf(expositions.follower);
  const mesh = metricsOf(expositions.mesh);
  const isIn = (metrics: readonly DescribedMetric[], name: string): boolean =>
    metrics.some((each) => each.name === name);
  return page(
    generatedFrom('the registries of a running leader, follower and node of a mesh'),
    '# Metrics',
    paragraph(
      '`GET /metrics` answers in the text format of Prometheus. Beside the metrics below there are those of the process and of',
      'Node.js (`process_` and `nodejs_`).',
    ),
    paragraph(
      'What is not known is absent, never 0: a follower without contact has no `skein_replication_lag_changes`, and a leader',
      'without followers has no `skein_replication_outbox_drift`. Alert on `absent()` too.',
    ),
    '## Every node',
    metricTable(leader.filter(({ name }) => isIn(follower, name))),
    '## A leader',
    metricTable(leader.filter(({ name }) => !isIn(follower, name))),
    '## A follower',
    metricTable(follower.filter(({ name }) => !isIn(leader, name))),
    '## A node of a mesh',
    paragraph('Those of a leader, but for the records that it pushes to followers, and:'),
    metricTable(mesh.filter(({ name }) => !isIn(leader, name))),
  );
}

function metricTable(metrics: readonly DescribedMetric[]): string {
  return table(
    ['metric', 'type', 'labels', 'meaning'],
    metrics.map(({ name, type, labels, help }) => [code(name), type, [...labels].map(code).join(', '), help]),
  );
}

/** Skein's own metrics in a text exposition, by name. */
function metricsOf(exposition: string): readonly DescribedMetric[] {
  const metrics = new Map<string, DescribedMetric>();
  let type = '';
  let help = '';
  for (const line of exposition.split('\n')) {
    const [, kind, name, text] = /^# (HELP|TYPE) (skein_\w+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') help = text!;
    if (kind === 'TYPE') {
      type = text!;
      metrics.set(name!, { name: name!, type, help, labels: new Set() });
    }
    const [, sample, labels] = /^(skein_\w+)\{(.*)\} /.exec(line) ?? [];
    if (sample !== undefined) addLabels(metrics, sample, labels!);
  }
  return [...metrics.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `le` is how a histogram is written down, not a label anybody chose. */
function addLabels(metrics: ReadonlyMap<string, DescribedMetric>, sample: string, labels: string): void {
  const metric = metrics.get(sample) ?? metrics.get(sample.replace(/_(?:bucket|sum|count)$/, ''));
  for (const [, label] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) if (label !== 'le') metric?.labels.add(label!);
}
