import { memberSchema } from '@skein/protocol';
import { z } from 'zod';
import { emptyBody, followBody, promiseBody, promoteBody } from '../../members/routes.ts';
import { NO_QUERY } from '../../request.ts';
import { EXAMPLE } from '../examples.ts';
import { json, query, type Group } from '../operation.ts';
import { ANY_QUERY, BODIES } from '../problems.ts';
import { shape } from '../shape.ts';

const member = shape('Member', memberSchema, 'How a node stands among the members, as it says itself.', {
  instance: 'Another one each time it is started.',
  history: 'Each epoch of its log, with the offset of its first change.',
  position: 'Where its log ends.',
  promised: 'The highest counter it ever promised, and those it still owes.',
  rival: 'An epoch of the counter that it leads with itself.',
  asking: 'The counter it asks the others to promise to it.',
  unfit: 'Why it may not be promoted as it is.',
});
const promise = shape('PromiseRequest', promiseBody, 'What a candidate asks for.', {
  counter: 'Of the epoch that it wants to begin.',
  candidate: 'Its node id.',
});
const promote = shape('PromoteRequest', promoteBody, 'How to be promoted.', {
  acceptLoss: 'Go on with fewer promises than an acknowledged write is sure to survive.',
  from: 'Only if the node at this address leads, and promises.',
});
const follow = shape('FollowRequest', followBody, 'Whom to follow.', { leader: 'An http:// address.' });
const nothing = shape('Nothing', emptyBody, 'An empty object.');
const promoted = shape(
  'Promoted',
  z.object({
    role: z.literal('leader'),
    epoch: z.string(),
    offset: z.int().nonnegative(),
    promises: z.int().nonnegative(),
    members: z.int().positive(),
    mayBeLost: z
      .object({ after: z.string(), upTo: z.int().nonnegative().nullable(), members: z.array(z.string()) })
      .nullable(),
  }),
  'The node leads.',
  {
    offset: 'Of the first change of its epoch.',
    promises: 'How many members promised, itself included.',
    members: 'How many there are.',
    mayBeLost: 'What may be lost, where that was accepted.',
  },
);
const follows = shape(
  'Follows',
  z.object({ role: z.literal('follower'), leader: z.string().optional() }),
  'The node follows.',
);

const memberExample = {
  node: 'b',
  instance: 'f41c2e90',
  log: EXAMPLE.log,
  role: 'follower',
  history: [{ epoch: EXAMPLE.epoch, offsetFirst: 1 }],
  position: EXAMPLE.position,
  promised: { spent: 4, outstanding: [{ counter: 4, to: 'c' }] },
  rival: null,
  asking: null,
  min_replicas: 1,
  unfit: null,
};

export const memberOperations: Group = {
  tag: 'Members',
  description: 'Who leads, and how another one comes to.',
  operations: [
    {
      id: 'getMember',
      method: 'get',
      path: '/v1/member',
      summary: 'How this node stands among the members',
      query: query(NO_QUERY, {}),
      answers: [{ status: 200, description: 'What the other members go by.', content: json(member, memberExample) }],
      errors: ANY_QUERY,
    },
    {
      id: 'promiseEpoch',
      method: 'post',
      path: '/v1/promises',
      summary: 'Ask for a promise',
      description:
        'For candidates. The node asks the candidate itself, at the address it is configured with, before it promises.',
      query: query(NO_QUERY, {}),
      body: { required: true, content: json(promise, { counter: 4, candidate: 'c' }) },
      answers: [{ status: 200, description: 'It is promised, durably.', content: json(member, memberExample) }],
      errors: [...ANY_QUERY, ...BODIES, 'bad_body', 'promise_refused', 'starting', 'storage_full'],
    },
    {
      id: 'promote',
      method: 'post',
      path: '/v1/admin/promote',
      summary: 'Make this node the leader',
      description:
        'It asks the members for promises, fetches what the most advanced of them has and it lacks, begins an epoch, and takes writes.',
      query: query(NO_QUERY, {}),
      body: { required: false, content: json(promote, { acceptLoss: false }) },
      answers: [
        {
          status: 200,
          description: 'It leads.',
          content: json(promoted, {
            role: 'leader',
            epoch: '4-p0q8r7st',
            offset: 1043,
            promises: 2,
            members: 3,
            mayBeLost: null,
          }),
        },
      ],
      errors: [
        ...ANY_QUERY,
        ...BODIES,
        'bad_body',
        'promise_refused',
        'promotion_refused',
        'starting',
        'stopping',
        'storage_full',
      ],
    },
    {
      id: 'demote',
      method: 'post',
      path: '/v1/admin/demote',
      summary: 'Make this leader a follower',
      description: 'It leads no longer, and follows whoever does.',
      query: query(NO_QUERY, {}),
      body: { required: false, content: json(nothing, {}) },
      answers: [{ status: 200, description: 'It follows.', content: json(follows, { role: 'follower' }) }],
      errors: [...ANY_QUERY, ...BODIES, 'bad_body', 'not_leader', 'promotion_refused'],
    },
    {
      id: 'follow',
      method: 'post',
      path: '/v1/admin/follow',
      summary: 'Make this follower follow another node',
      description: 'Until it is restarted or promoted.',
      query: query(NO_QUERY, {}),
      body: { required: true, content: json(follow, { leader: 'http://10.0.0.6:7400' }) },
      answers: [
        {
          status: 200,
          description: 'It follows that node.',
          content: json(follows, { role: 'follower', leader: 'http://10.0.0.6:7400' }),
        },
      ],
      errors: [...ANY_QUERY, ...BODIES, 'bad_body', 'promotion_refused'],
    },
  ],
};
