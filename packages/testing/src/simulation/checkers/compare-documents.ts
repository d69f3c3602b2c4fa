import type { DocumentsSeen } from '../history.ts';

/** What is wrong with documents that should be others, as a sentence; undefined when nothing is. */
export function differenceOf(seen: DocumentsSeen, expected: DocumentsSeen): string | undefined {
  for (const [id, { offset, valueText }] of expected) {
    const found = seen.get(id);
    if (found === undefined) return `${nameOf(id)} is missing, it should be of offset ${offset}`;
    if (found.offset !== offset) return `${nameOf(id)} is of offset ${found.offset}, it should be of ${offset}`;
    if (found.valueText !== valueText)
      return `${nameOf(id)} of offset ${offset} is ${found.valueText}, it should be ${valueText}`;
  }
  if (seen.size === expected.size) return undefined;
  for (const [id, { offset }] of seen) {
    if (!expected.has(id)) return `${nameOf(id)} of offset ${offset} is there, and should not be`;
  }
  return undefined;
}

/** A document's id as people read it. */
export function nameOf(documentId: string): string {
  return documentId.replace('\0', '/');
}
