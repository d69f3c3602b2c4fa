import { z } from 'zod';
import { shape } from './shape.ts';

const version = z.string();
const position = z.string();

export const anyValue = shape('Value', z.unknown(), 'Any JSON value, nested at most 64 deep.');

export const written = shape(
  'Written',
  z.object({ key: z.string(), version, position }),
  'A write of one document, durable on the leader.',
  {
    version: 'The new version; of a deletion, the version of that.',
    position: 'Where in the log it is; to be given as `Skein-Min-Position`.',
  },
);

export const operated = shape(
  'Operated',
  z.object({ key: z.string(), version, position, value: z.unknown() }),
  'A write by an operator, and what it led to.',
  { value: 'The new value.' },
);

export const counted = shape(
  'Counted',
  z.object({ count: z.int().nonnegative(), position }),
  'Many changes, and where the last of them is.',
  {
    position:
      'Of a load that of its last change, `0` where there was none; of a deletion where the log was when all of it was gone.',
  },
);

export const documentPage = shape(
  'DocumentPage',
  z.object({
    documents: z.array(z.object({ key: z.string(), version, value: z.unknown() })),
    next: z.string().optional(),
  }),
  'Documents in order.',
  { next: 'What to give as `after` for more; not there behind the last document.' },
);
