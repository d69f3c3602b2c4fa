import { isEpoch, type Epoch } from './epoch.ts';
import { SkeinError } from './errors.ts';
import { parseOffset } from './position.ts';

/** The version of a document: offset and epoch of its last change, `1042.3-k9f3ab2c`. Its ETag is that in quotes. */
export type Version = string;

export function makeVersion(offset: number, epoch: Epoch): Version {
  return `${offset}.${epoch}`;
}

export function parseVersion(text: string): { readonly offset: number; readonly epoch: Epoch } {
  const dot = text.indexOf('.');
  const offset = parseOffset(text.slice(0, Math.max(dot, 0)));
  const epoch = text.slice(dot + 1);
  if (offset === undefined || offset === 0 || !isEpoch(epoch)) {
    throw new SkeinError('bad_version', `'${text.slice(0, 80)}' is not a version`);
  }
  return { offset, epoch };
}

export function formatEtag(version: Version): string {
  return `"${version}"`;
}

/** What an If-Match or If-None-Match header lists: `*`, or versions. Weak tags compare like strong ones on If-None-Match. */
export function parseEtagList(header: string): '*' | readonly Version[] {
  if (header.trim() === '*') return '*';
  return header.split(',').map((part) => {
    const match = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(part);
    if (match === null) throw new SkeinError('bad_header', `'${part.trim().slice(0, 80)}' is not an ETag`);
    return match[1]!;
  });
}
