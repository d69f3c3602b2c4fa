import { writeFile } from 'node:fs/promises';
import { renderConfiguration } from './configuration.ts';
import { renderErrors } from './errors.ts';
import { renderMetrics } from './metrics.ts';
import { renderOpenApi } from './openapi.ts';
import { scrapeNodes } from './scrape.ts';

// `npm run docs`: writes the pages whose source is the code itself.
const docs = new URL('../../../../docs/', import.meta.url);
await writeFile(new URL('CONFIGURATION.md', docs), renderConfiguration());
await writeFile(new URL('ERRORS.md', docs), renderErrors());
await writeFile(new URL('METRICS.md', docs), renderMetrics(await scrapeNodes()));
await writeFile(new URL('openapi.json', docs), await renderOpenApi());
