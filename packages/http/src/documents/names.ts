import { checkKey, checkReadableCollection, checkWritableCollection } from '@skein/protocol';
import type { FastifyRequest } from 'fastify';

/** Where a document is. */
export const DOCUMENT_URL = '/v1/collections/:collection/:key';

interface Params {
  readonly collection: string;
  readonly key?: string;
}

export interface DocumentName {
  readonly collection: string;
  readonly key: string;
}

export function readableCollection(request: FastifyRequest): string {
  return checkReadableCollection((request.params as Params).collection);
}

export function writableCollection(request: FastifyRequest): string {
  return checkWritableCollection((request.params as Params).collection);
}

export function readableDocument(request: FastifyRequest): DocumentName {
  return { collection: readableCollection(request), key: checkKey((request.params as Params).key ?? '') };
}

export function writableDocument(request: FastifyRequest): DocumentName {
  return { collection: writableCollection(request), key: checkKey((request.params as Params).key ?? '') };
}
