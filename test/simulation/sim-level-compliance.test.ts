import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { SimDisk, SimLevel, type SimLevelOptions } from '@skein/testing';
import { it } from 'vitest';

type Body = (assertions: Assertions) => unknown;

/** What abstract-level's suite uses of tape, which is what it was written for. */
class Assertions {
  readonly is = this.#counted(assert.strictEqual);
  readonly isNot = this.#counted(assert.notStrictEqual);
  readonly same = this.#counted(assert.deepStrictEqual);
  readonly ok = this.#counted(assert.ok);
  readonly throws = this.#counted(assert.throws);
  readonly doesNotThrow = this.#counted(assert.doesNotThrow);
  readonly pass = this.#counted(() => undefined);
  readonly fail = this.#counted((message: unknown) => assert.fail(String(message)));
  #succeed: () => void = () => undefined;
  #failWith: (error: unknown) => void = () => undefined;
  readonly #over = new Promise<void>((resolve, reject) => {
    this.#succeed = resolve;
    this.#failWith = reject;
  });
  #planned: number | undefined;
  #count = 0;

  plan(count: number): void {
    this.#planned = count;
  }

  end(): void {
    this.#succeed();
  }

  /** An asynchronous body is over when its promise is; another one when it says so, or has asserted as often as planned. */
  async run(body: Body): Promise<void> {
    const running = body(this);
    if (running instanceof Promise) running.then(this.#succeed, this.#failWith);
    await this.#over;
    await running;
    if (this.#planned !== undefined) assert.equal(this.#count, this.#planned, 'planned assertions');
  }

  /** Most assertions are made in callbacks, where nobody would catch what they throw. */
  #counted<Values extends readonly unknown[]>(check: (...values: Values) => void): (...values: Values) => void {
    return (...values) => {
      this.#count++;
      try {
        check(...values);
        if (this.#count === this.#planned) this.#succeed();
      } catch (error) {
        this.#failWith(error);
      }
    };
  }
}

function test(name: string, ...rest: readonly unknown[]): void {
  it(name, () => new Assertions().run(rest.at(-1) as Body));
}

function factory(options?: SimLevelOptions): SimLevel {
  return new SimLevel(new SimDisk(), { keyEncoding: 'utf8', valueEncoding: 'utf8', ...options });
}

/** It has no types of its own. */
const suite = createRequire(import.meta.url)('abstract-level/test') as (options: object) => void;
suite({ test, factory });
