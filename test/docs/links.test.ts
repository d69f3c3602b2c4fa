import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPages, readText, root, type Page } from './pages.ts';

const pages = readPages();

describe('a relative link', () => {
  it.each(pages)('of $path leads somewhere', (page) => {
    expect(linksOf(page).filter((link) => !leadsSomewhere(page, link))).toStrictEqual([]);
  });

  it('is on more than one page', () => {
    expect(pages.filter((page) => linksOf(page).length > 0).length).toBeGreaterThan(10);
  });
});

function linksOf({ text }: Page): readonly string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`(?!\])/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!).filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(page: Page, link: string): boolean {
  const [file, anchor] = link.split('#') as [string, string?];
  const path = file === '' ? page.path : posix.join(posix.dirname(page.path), file);
  if (!existsSync(join(root, path))) return false;
  return anchor === undefined || anchorsOf(readText(path)).includes(anchor);
}

/** The anchors of a page's headings, as they are made on the web. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
