import type { Committed, Document } from '@skein/core';
import { formatEtag, formatPosition, HEADERS, MEDIA_TYPES } from '@skein/protocol';
import type { Answer } from '../answer.ts';

const JSON_TEXT = `${MEDIA_TYPES.json}; charset=utf-8`;

/** The answer to a write of one document. An operator's says the new value too. */
export function writtenAnswer(committed: Committed, options: { readonly withValue: boolean }): Answer {
  const { key, version, created, valueText } = committed.changes[0]!;
  const position = formatPosition(committed.position);
  const value = options.withValue ? `,"value":${valueText}` : '';
  const body = `{"key":${JSON.stringify(key)},"version":"${version}","position":"${position}"${value}}`;
  const answer = committedAnswer(committed, position, created ? 201 : 200, body);
  return valueText === undefined ? answer : { ...answer, headers: ['etag', formatEtag(version), ...answer.headers] };
}

export function transactionAnswer(committed: Committed): Answer {
  const results = committed.changes.map(({ collection, key, version }) => ({ collection, key, version }));
  const position = formatPosition(committed.position);
  return committedAnswer(committed, position, 200, JSON.stringify({ position, results }));
}

function committedAnswer({ replayed }: Committed, position: string, status: number, body: string): Answer {
  const headers = ['content-type', JSON_TEXT, HEADERS.position, position];
  if (replayed) headers.push(HEADERS.idempotentReplayed, 'true');
  return { status, headers, body };
}

/** A document read alone: its bare value, under the ETag of its version. */
export function documentAnswer({ version, valueBytes }: Document): Answer {
  return { status: 200, headers: ['etag', formatEtag(version), 'content-type', MEDIA_TYPES.json], body: valueBytes };
}

/** A document of a page; its value is passed on as the text that was stored. */
export function documentText({ key, version, valueBytes }: Document): string {
  return `{"key":${JSON.stringify(key)},"version":"${version}","value":${valueBytes.toString()}}`;
}
