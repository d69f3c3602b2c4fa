import { describe, expect, it } from 'vitest';
import { copyText, type CopyStatus } from './copy-text.ts';

const COPY: CopyStatus = { step: 'copying', documents: 429, documents_total: 1000, seconds_left: 30 };

describe('what is said of a copy', () => {
  it.each<[string, Partial<CopyStatus>]>([
    ['copying 42 %, about 30 s left', {}],
    ['copying 42 %, about 15 min left', { seconds_left: 900 }],
    ['copying 42 %', { seconds_left: null }],
    ['copying 429 documents', { documents_total: null, seconds_left: null }],
    ['copying 100 %, about 0 s left', { documents: 1001, seconds_left: 0 }],
    ['copying 100 %', { documents: 0, documents_total: 0, seconds_left: null }],
    ['replaying', { step: 'replaying', seconds_left: null }],
    ['verifying', { step: 'verifying', seconds_left: null }],
  ])('is: %s', (text, copy) => {
    expect(copyText({ ...COPY, ...copy })).toBe(text);
  });
});
