export { Follower, type FollowerOptions } from './follower.ts';
export { HttpFeedClient, type FeedAnswer, type FeedClient, type FeedRequest } from './feed-client.ts';
export { Replicator, type ReplicatorObserver, type ReplicatorOptions } from './replicator.ts';
export type {
  LeaderLink,
  LinkAnswer,
  LinkBody,
  LinkHeaders,
  LinkOptions,
  LinkRequest,
  OpenLink,
} from './leader-link.ts';
export { undiciLink } from './undici-link.ts';
