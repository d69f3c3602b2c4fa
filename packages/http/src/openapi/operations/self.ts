import { NO_QUERY } from '../../request.ts';
import { z } from 'zod';
import { json, query, text, type Group } from '../operation.ts';
import { ANY_QUERY } from '../problems.ts';
import { shape } from '../shape.ts';

const description = shape(
  'OpenApi',
  z.looseObject({
    openapi: z.string(),
    info: z.looseObject({ title: z.string(), version: z.string() }),
    paths: z.looseObject({}),
  }),
  'An OpenAPI document.',
);

export const selfOperations: Group = {
  tag: 'This interface',
  description: 'What it says of itself. The same on every node.',
  operations: [
    {
      id: 'getOpenApi',
      method: 'get',
      path: '/openapi.json',
      summary: 'This document',
      query: query(NO_QUERY, {}),
      answers: [
        {
          status: 200,
          description: 'OpenAPI 3.1.',
          content: json(description, { openapi: '3.1.1', info: { title: 'Skein', version: '0.1.0' }, paths: {} }),
        },
      ],
      errors: [...ANY_QUERY, 'not_acceptable'],
    },
    {
      id: 'getDocs',
      method: 'get',
      path: '/docs',
      summary: 'This document as a page for people',
      description: 'It needs nothing from anywhere else.',
      query: query(NO_QUERY, {}),
      answers: [{ status: 200, description: 'The page.', content: text('text/html', 'HTML.', '<!doctype html>…') }],
      errors: ANY_QUERY,
    },
  ],
};
