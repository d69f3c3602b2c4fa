import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/*
 * Says, as the very last line of a run, `N passed, N failed` (and `, N skipped` when some were), for whoever reads the
 * log instead of the screen.
 *
 * Vitest counts tests; a module that cannot be imported has none, and a hook that throws leaves its tests skipped. Here
 * each of those is a failure. The line is written when the process exits, after every other reporter, and looks at the exit
 * code too: a red run never says `0 failed`, whatever made it red.
 */
export class ClosingLineReporter implements Reporter {
  private readonly count: Count = { passed: 0, failed: 0, skipped: 0 };
  private watching = false;

  onInit(vitest: { readonly config: { readonly watch: boolean } }): void {
    this.watching = vitest.config.watch;
    if (!this.watching) process.once('exit', (code) => this.write(code !== 0));
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    this.count.passed = 0;
    this.count.failed = unhandledErrors.length;
    this.count.skipped = 0;
    for (const module of modules) this.add(module);
    if (this.watching) this.write(reason !== 'passed');
  }

  private add(module: TestModule): void {
    const failedBefore = this.count.failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') this.count.passed += 1;
      else if (state === 'failed') this.count.failed += 1;
      else this.count.skipped += 1;
    }
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) this.count.failed += 1;
    if (module.errors().length > 0) this.count.failed += 1;
    if (module.state() === 'failed' && this.count.failed === failedBefore) this.count.failed += 1;
  }

  private write(red: boolean): void {
    const { passed, failed, skipped } = this.count;
    const line = `${passed} passed, ${red ? Math.max(failed, 1) : failed} failed`;
    process.stdout.write(skipped > 0 ? `${line}, ${skipped} skipped\n` : `${line}\n`);
  }
}
