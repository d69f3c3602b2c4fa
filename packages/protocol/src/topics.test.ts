import { describe, expect, it } from 'vitest';
import { topicPrefixProblem, topicsOf } from './topics.ts';

describe('topics', () => {
  it('are below the prefix', () => {
    expect(topicsOf('fleet/eu')).toEqual({ events: 'fleet/eu/replication/events', log: 'fleet/eu/replication/log' });
  });

  it.each([
    '',
    '+',
    'a/+/b',
    'a#',
    '#',
    '$SYS',
    '$share/g',
    'a\0b',
    'a\nb',
    '/a',
    'a/',
    'a//b',
    '\ud800',
    'x'.repeat(257),
  ])('are not made of %j', (prefix) => {
    expect(topicPrefixProblem(prefix)).toMatch(/^must not/);
    expect(() => topicsOf(prefix)).toThrow(TypeError);
  });

  it.each(['skein', 'a/b/c', 'größe', 'a$b', '%c'])('may be made of %j', (prefix) => {
    expect(topicPrefixProblem(prefix)).toBeUndefined();
  });
});
