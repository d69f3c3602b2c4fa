import { runMeshDemo } from './mesh-demo.ts';

/* What `npm run demo:mesh` does. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
await runMeshDemo((line) => process.stdout.write(`${line}\n`));
