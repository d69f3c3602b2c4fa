/** The value of one sample in Prometheus' text format, labels as they are written; undefined when it is not there. */
export function sampleOf(metrics: string, name: string): number | undefined {
  const line = metrics.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
