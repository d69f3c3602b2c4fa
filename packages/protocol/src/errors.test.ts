import { describe, expect, it } from 'vitest';
import { ERRORS, isSkeinError, SkeinError, type ErrorCode } from './errors.ts';

describe('the table of errors', () => {
  const entries = Object.entries(ERRORS);

  it.each(entries)('gives %s a status of HTTP, a sentence and a remedy', (code, { status, title, remedy }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z$].+\.$/s);
    expect(remedy).toMatch(/^[A-Z].+/s);
  });

  it.each<[ErrorCode, number]>([
    ['compacted', 410],
    ['diverged', 409],
    ['other_log', 409],
    ['ahead', 409],
    ['write_lost', 412],
    ['too_deep', 400],
    ['too_large', 413],
    ['not_leader', 421],
    ['idempotency_mismatch', 422],
    ['leader_unavailable', 503],
    ['wait_timeout', 504],
  ])('answers %s with the status the design fixed, %i', (code, status) => {
    expect(new SkeinError(code).status).toBe(status);
  });
});

describe('an error', () => {
  it('says what its code means unless it is told more', () => {
    expect(new SkeinError('not_found').message).toBe(ERRORS.not_found.title);
    expect(new SkeinError('not_found', 'no o-1').message).toBe('no o-1');
  });

  it('carries its code, its details and its cause', () => {
    const cause = new Error('disk');
    const error = new SkeinError('storage_full', 'full', { free: 0 }, cause);
    expect(error).toMatchObject({ name: 'SkeinError', code: 'storage_full', details: { free: 0 }, cause });
    expect('cause' in new SkeinError('storage_full')).toBe(false);
  });

  it('is recognised by its brand, also when it is of another copy of the package', async () => {
    const url = './errors.ts?another-copy';
    const copy = (await import(url)) as { readonly SkeinError: typeof SkeinError };
    const error = new copy.SkeinError('ahead');
    expect(error).not.toBeInstanceOf(SkeinError);
    expect(isSkeinError(error)).toBe(true);
    expect(isSkeinError(error, 'ahead')).toBe(true);
    expect(isSkeinError(error, 'diverged')).toBe(false);
  });

  it.each([null, undefined, 'ahead', 7, {}, new Error('ahead'), { code: 'ahead' }])('is not %s', (other) => {
    expect(isSkeinError(other)).toBe(false);
  });
});
