import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Page {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

const NOT_OURS = new Set(['node_modules', 'dist', 'golden', 'skein-data']);

/** Every Markdown page of the repository. */
export function readPages(folder = ''): readonly Page[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) || entry.name.startsWith('.') ? [] : readPages(path);
    return entry.name.endsWith('.md') ? [{ path, text: readText(path) }] : [];
  });
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** A page as one line, so that what is looked for may be broken over two. */
export function flattened(path: string): string {
  return readText(path).replaceAll(/\s+/g, ' ');
}
