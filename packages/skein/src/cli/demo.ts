import { Command, InvalidArgumentError } from 'commander';
import type { DemoEnd } from '../demo/run-demo.ts';
import { lineOf, numberText, SCREEN_SIZE, screenOf, type Shown } from '../demo/screen.ts';

const WRITES_DEFAULT = 200;
const LINE_EVERY_SECONDS = 1;

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
      const view = hasRoom(process.stdout) ? new LiveView() : new LinesView();
      // Not for every command, since it is all of the demonstration.
      const { runDemo } = await import('../demo/run-demo.ts');
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
        const said = end === null ? 'stopped' : sentence(end);
        process.stdout.write(`${said}\n`);
      } catch (error) {
        view.end();
        if (!stopping.signal.aborted) throw error;
      } finally {
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop);
      }
    });
}

function sentence({ writes, failures, position }: DemoEnd): string {
  const failed = failures === 0 ? '' : `, ${numberText(failures)} failed`;
  return `${numberText(writes)} writes${failed}; all three nodes have the same at ${position}`;
}

function numberBetween(text: string, min: number, max: number): number {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new InvalidArgumentError(`It is not a whole number from ${min} to ${max}.`);
}

/** On a terminal that is smaller, lines would be broken, and nothing be where it was. */
function hasRoom({ isTTY, columns, rows }: NodeJS.WriteStream): boolean {
  return isTTY && columns >= SCREEN_SIZE.columns && rows >= SCREEN_SIZE.rows;
}

/** Draws the whole again and again where it was. */
class LiveView {
  #linesDrawn = 0;

  show(shown: Shown): void {
    const text = screenOf(shown);
    const up = this.#linesDrawn === 0 ? '\u001b[?25l' : `\u001b[${this.#linesDrawn}A\r\u001b[J`;
    process.stdout.write(`${up}${text}`);
    this.#linesDrawn = text.split('\n').length - 1;
  }

  tell(): void {
    // The next drawing has it.
  }

  end(): void {
    process.stdout.write('\u001b[?25h');
  }
}

/** Says it line by line, for whoever reads it later. */
class LinesView {
  #saidAt = -Infinity;

  show(shown: Shown): void {
    if (shown.seconds - this.#saidAt < LINE_EVERY_SECONDS) return;
    this.#saidAt = shown.seconds;
    process.stdout.write(`${lineOf(shown)}\n`);
  }

  tell(event: string): void {
    process.stdout.write(`${event}\n`);
  }

  end(): void {
    // Every line is said already.
  }
}
