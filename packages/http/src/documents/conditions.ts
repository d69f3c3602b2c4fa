import type { Condition } from '@skein/core';
import { parseEtagList } from '@skein/protocol';
import type { FastifyRequest } from 'fastify';
import { headerOf } from '../request.ts';

/** If-Match and If-None-Match of a write; undefined when it has neither. */
export function conditionOf(request: FastifyRequest): Condition | undefined {
  const ifMatch = headerOf(request, 'if-match');
  const ifNoneMatch = headerOf(request, 'if-none-match');
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  return {
    ifMatch: ifMatch === undefined ? undefined : parseEtagList(ifMatch),
    ifNoneMatch: ifNoneMatch === undefined ? undefined : parseEtagList(ifNoneMatch),
  };
}
