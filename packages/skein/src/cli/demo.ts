import { Command, InvalidArgumentError } from 'commander';

const WRITES_DEFAULT = 200;

interface DemoFlags {
  readonly seconds?: number;
  readonly rate: number;
}

/** Shows what Skein does. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Watch a leader, two followers and a writer; one follower is killed and brought back. Nothing is left.',
    )
    .option('--seconds <count>', 'end by itself after so long', (text) => numberBetween(text, 5, 86_400))
    .option('--rate <count>', 'writes a second', (text) => numberBetween(text, 1, 5000), WRITES_DEFAULT)
    .action(async ({ seconds, rate }: DemoFlags) => {
      const stopping = new AbortController();
      const stop = (): void => stopping.abort();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
      // Not for its help, since it is all of the demonstration.
      const [{ runDemo, endText }, { viewFor }] = await Promise.all([
        import('../demo/run-demo.ts'),
        import('../demo/views.ts'),
      ]);
      const view = viewFor(process.stdout);
      process.stderr.write('starting a leader and two followers …\n');
      try {
        const end = await runDemo({
          seconds: seconds ?? null,
          writesPerSecond: rate,
          until: stopping.signal,
          isColoured: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
          show: (shown) => view.show(shown),
          tell: (event) => view.tell(event),
        });
        view.end();
        const said = end === null ? 'stopped' : endText(end);
        process.stdout.write(`${said}\n`);
      } catch (error) {
        view.end();
        if (!stopping.signal.aborted) throw error;
      } finally {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop);
      }
    });
}

function numberBetween(text: string, min: number, max: number): number {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new InvalidArgumentError(`It is not a whole number from ${min} to ${max}.`);
}
