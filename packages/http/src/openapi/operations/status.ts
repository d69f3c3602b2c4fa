import { healthSchema } from '@skein/protocol';
import { z } from 'zod';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, text, type Group } from '../operation.ts';
import { ANY_QUERY } from '../problems.ts';
import { shape } from '../shape.ts';
import { followerStatus, leaderStatus, status } from './status-answer.ts';

const health = shape('Health', healthSchema, 'How the node is. Null is not known, never 0.', {
  lag_seconds: 'The time since it was last known to be up to date; grows while there is no contact.',
  lag_changes: "The leader's head, as last heard, less what is applied.",
  last_sync: 'Of a leader the time of the last commit, of a follower when its leader last answered.',
  last_change_id: 'The offset of the head.',
  changes_applied: 'Since the start.',
  connected: 'The last request to the leader was answered, not too long ago.',
  outbox_drift: 'The head minus what the slowest live follower has acknowledged.',
  error_count: 'Failures since the start.',
  error: 'Why it is not healthy.',
});
const up = shape('Up', z.object({ status: z.literal('up') }), 'The process answers.');
const ready = shape(
  'Readiness',
  z.object({ status: z.enum(['ready', 'not ready']), reason: z.string().nullable() }),
  'Whether to send traffic here, and if not, why.',
);

const healthExample = {
  healthy: true,
  role: 'leader',
  lag_seconds: 0,
  lag_changes: 0,
  last_sync: '2026-01-01T00:00:00.123Z',
  last_change_id: EXAMPLE.offset,
  changes_applied: 42,
  connected: true,
  outbox_drift: 0,
  error_count: 0,
  last_error: null,
  error: null,
};
const METRICS_TEXT =
  '# HELP skein_log_head_offset Newest durable offset.\n# TYPE skein_log_head_offset gauge\nskein_log_head_offset 1042\n';

export const statusOperations: Group = {
  tag: 'Status',
  description: 'How a node is. None of these waits for anything, and none is cached.',
  operations: [
    {
      id: 'getStatus',
      method: 'get',
      path: '/v1/status',
      summary: 'What a person asks first',
      query: query(NO_QUERY, {}),
      answers: [
        {
          status: 200,
          description: 'Role, log, lag, followers, members.',
          content: {
            'application/json': { shape: status, examples: { leader: leaderStatus, follower: followerStatus } },
          },
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'getHealth',
      method: 'get',
      path: '/healthz',
      summary: 'The full story of its health',
      query: query(NO_QUERY, {}),
      answers: [
        { status: 200, description: 'It is healthy.', content: json(health, healthExample) },
        {
          status: 503,
          description: 'It is not, and `error` says why.',
          content: json(health, {
            ...healthExample,
            healthy: false,
            role: 'follower',
            lag_seconds: 95.2,
            lag_changes: null,
            connected: false,
            outbox_drift: null,
            error_count: 7,
            last_error: 'connect ECONNREFUSED 10.0.0.5:7400',
            error: 'no contact with the leader for 95 s',
          }),
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'getReadiness',
      method: 'get',
      path: '/readyz',
      summary: 'Whether to send traffic here',
      query: query(NO_QUERY, {}),
      answers: [
        { status: 200, description: 'Send it.', content: json(ready, { status: 'ready', reason: null }) },
        {
          status: 503,
          description: 'Send it elsewhere.',
          content: json(ready, { status: 'not ready', reason: 'the node is stopping' }),
        },
      ],
      errors: ANY_QUERY,
    },
    {
      id: 'getLiveness',
      method: 'get',
      path: '/livez',
      summary: 'Whether the process answers',
      query: query(NO_QUERY, {}),
      answers: [{ status: 200, description: 'It does.', content: json(up, { status: 'up' }) }],
      errors: ANY_QUERY,
    },
    {
      id: 'getMetrics',
      method: 'get',
      path: '/metrics',
      summary: 'Metrics for Prometheus',
      query: query(NO_QUERY, {}),
      answers: [
        {
          status: 200,
          description: 'All metrics of the node.',
          content: text('text/plain', 'The text format of Prometheus.', METRICS_TEXT),
        },
      ],
      errors: ANY_QUERY,
    },
  ],
};
