const SHOWN_AFTER_MS = 1000;
const DRAWN_EVERY_MS = 250;

/** A line on a terminal that says how far something is, once it has taken more than a second; silent elsewhere. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #startedAt = performance.now();
  #isDrawn = false;

  constructor(stream: NodeJS.WriteStream, text: () => string) {
    this.#stream = stream;
    if (stream.isTTY) this.#timer = setInterval(() => this.#draw(text()), DRAWN_EVERY_MS).unref();
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#isDrawn) this.#stream.write('\r\u001b[K');
  }

  #draw(text: string): void {
    const tookMs = performance.now() - this.#startedAt;
    if (tookMs < SHOWN_AFTER_MS) return;
    this.#isDrawn = true;
    this.#stream.write(`\r\u001b[K${text} (${Math.round(tookMs / 1000)} s)`);
  }
}
