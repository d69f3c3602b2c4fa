export { Leader, type LeaderOptions } from './leader.ts';
