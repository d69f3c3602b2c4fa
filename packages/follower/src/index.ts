export { Follower, type FollowerOptions } from './follower.ts';
export { HttpFeedClient, type FeedAnswer, type FeedClient, type FeedRequest } from './feed-client.ts';
export { Replicator, type ReplicatorObserver, type ReplicatorOptions } from './replicator.ts';
