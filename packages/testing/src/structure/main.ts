import { checkStructure } from './check-structure.ts';
import { readRepository } from './read-repository.ts';

const violations = checkStructure(readRepository(process.cwd()));
for (const { path, line, sentence } of violations) console.log(`${path}:${line}: ${sentence}`);
if (violations.length > 0) process.exitCode = 1;
