import { defineConfig } from 'rolldown';

/**
 * The command as few files instead of hundreds: most of the time it took to start went into finding and reading them. What finds
 * its own files by where it lies stays where it is.
 */
export default defineConfig({
  input: { main: 'dist/cli/main.js', 'quick-start': 'dist/quick-start.js' },
  platform: 'node',
  external: ['classic-level', 'pino', 'pino-pretty'],
  output: { dir: 'bundle', format: 'esm', cleanDir: true },
});
