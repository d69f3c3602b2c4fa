import { describe, expect, it } from 'vitest';
import { renderConfiguration } from '../../packages/skein/src/docs/configuration.ts';
import { renderErrors } from '../../packages/skein/src/docs/errors.ts';
import { renderMetrics } from '../../packages/skein/src/docs/metrics.ts';
import { renderOpenApi } from '../../packages/skein/src/docs/openapi.ts';
import { scrapeNodes } from '../../packages/skein/src/docs/scrape.ts';
import { readText } from './pages.ts';

/** When one of these fails, `npm run docs` writes the page anew. */
describe('a generated page', () => {
  it.each([
    ['docs/CONFIGURATION.md', renderConfiguration],
    ['docs/ERRORS.md', renderErrors],
    ['docs/METRICS.md', async () => renderMetrics(await scrapeNodes())],
    ['docs/openapi.json', renderOpenApi],
  ] as const)('%s is what the code prints', async (path, render) => {
    expect(readText(path)).toBe(await render());
  });
});
