import { lineOf, SCREEN_SIZE, screenOf, type Shown } from './screen.ts';

const LINE_EVERY_SECONDS = 1;

export interface DemoView {
  readonly show: (shown: Shown) => void;
  readonly tell: (event: string) => void;
  readonly end: () => void;
}

export function viewFor(stream: NodeJS.WriteStream): DemoView {
  return hasRoom(stream) ? new LiveView() : new LinesView();
}

/** On a terminal that is smaller, lines would be broken, and nothing be where it was. */
function hasRoom({ isTTY, columns, rows }: NodeJS.WriteStream): boolean {
  return isTTY && columns >= SCREEN_SIZE.columns && rows >= SCREEN_SIZE.rows;
}

/** Draws the whole again and again where it was. */
class LiveView implements DemoView {
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
class LinesView implements DemoView {
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
