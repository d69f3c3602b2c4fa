/** One small world that all examples are of. */
export const EXAMPLE = {
  offset: 1042,
  epoch: '3-k9f3ab2c',
  version: '1042.3-k9f3ab2c',
  etag: '"1042.3-k9f3ab2c"',
  position: '1042.3-k9f3ab2c.9f1c22d07a3be4c1',
  earlier: '1040.3-k9f3ab2c.02b7a1c4f5d69e38',
  log: '05c9065f589e6afd5fa3ad43',
  ts: 1767225600123,
  order: { customer: 'ann', total: 42 },
} as const;
