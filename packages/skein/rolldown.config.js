import { join } from 'node:path';
import { defineConfig } from 'rolldown';

const POOL_OF_UNDICI = join(import.meta.dirname, 'undici-pool.js');

/**
 * Between nodes there are pools of connections, and nothing else of undici: the rest of it is a tenth of what a node takes to
 * start. Commands that ask once have all of it, when they are called.
 *
 * @type {import('rolldown').Plugin}
 */
const onlyThePool = {
  name: 'only-the-pool',
  resolveId: (source, importer) =>
    source === 'undici' && importer?.endsWith('/link/undici-link.js') ? POOL_OF_UNDICI : null,
  load: (id) =>
    id === POOL_OF_UNDICI
      ? `import api from 'undici/lib/api/index.js';
         import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
         import Pool from 'undici/lib/dispatcher/pool.js';
         Object.assign(Dispatcher.prototype, api);
         export { Pool };`
      : null,
};

/**
 * The command as one file instead of hundreds: most of the time it took to start went into finding and reading them. It is of the
 * older kind of module, since V8 can be given what it has compiled of those; see `src/bundle/compile.ts`. What finds its own files by
 * where it lies stays where it is.
 */
export default defineConfig({
  input: { skein: 'dist/bundle/contents.js' },
  platform: 'node',
  plugins: [onlyThePool],
  external: ['classic-level', 'pino', 'pino-pretty'],
  output: { dir: 'bundle', format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false, cleanDir: true },
});
