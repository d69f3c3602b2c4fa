import type { Metric, Registry } from 'prom-client';

type Labels = Readonly<Record<'method' | 'route' | 'status', string | number>>;

/** Takes one answer of a route. */
export type Observe = (method: string, status: number, seconds: number) => void;

/** The answers of one route with one method and status. */
interface Series {
  readonly labels: Labels;
  /** For each bound, how many were no longer than it and longer than the one before. */
  readonly counts: number[];
  count: number;
  sum: number;
}

const NAME = 'skein_http_request_duration_seconds';

/**
 * A histogram of requests. prom-client's own finds its labels by a text that it makes anew for every observation, which is
 * a tenth of the work of a small request; here each route keeps its series, and the rest is done when somebody asks.
 */
export class RequestDurations {
  readonly #bounds: readonly number[];
  readonly #series: Series[] = [];
  readonly #routes = new Map<string, Observe>();

  constructor(registry: Registry, bounds: readonly number[]) {
    this.#bounds = bounds;
    // A registry asks for no more than this, although its types want one of the library's own classes.
    const metric = { name: NAME, get: async () => this.#read(), reset: () => undefined };
    registry.registerMetric(metric as unknown as Metric);
  }

  /** What takes the observations of one route. */
  ofRoute(route: string): Observe {
    const known = this.#routes.get(route);
    if (known !== undefined) return known;
    const observe = this.#observerOf(route);
    this.#routes.set(route, observe);
    return observe;
  }

  #observerOf(route: string): Observe {
    const byMethod = new Map<string, Map<number, Series>>();
    return (method, status, seconds) => {
      const byStatus = byMethod.get(method) ?? new Map<number, Series>();
      const series = byStatus.get(status) ?? this.#begin({ method, route, status });
      if (series.count === 0) byMethod.set(method, byStatus.set(status, series));
      this.#observe(series, seconds);
    };
  }

  #begin(labels: Labels): Series {
    const series = { labels, counts: this.#bounds.map(() => 0), count: 0, sum: 0 };
    this.#series.push(series);
    return series;
  }

  #observe(series: Series, seconds: number): void {
    series.count++;
    series.sum += seconds;
    const at = this.#bounds.findIndex((bound) => seconds <= bound);
    if (at !== -1) series.counts[at]!++;
  }

  /** As prom-client prints it. */
  #read(): object {
    const values = this.#series.flatMap(({ labels, counts, count, sum }) => {
      let below = 0;
      const buckets = counts.map((own, i) => {
        below += own;
        return { metricName: `${NAME}_bucket`, labels: { le: this.#bounds[i]!, ...labels }, value: below };
      });
      return [
        ...buckets,
        { metricName: `${NAME}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
        { metricName: `${NAME}_sum`, labels, value: sum },
        { metricName: `${NAME}_count`, labels, value: count },
      ];
    });
    const help = 'HTTP requests by route template; a long poll counts its wait.';
    return { name: NAME, help, type: 'histogram', aggregator: 'sum', values };
  }
}
