/*
 * The dependency rule: dependencies point one way,
 *
 *     protocol ← replication, core ← http ← leader, follower, mqtt ← skein
 *
 * and the packages beside each other never meet but on the wire. `testing` and `bench` may look at everything; of what
 * is shipped nothing depends on them.
 */
const PROTOCOL = '@skein/protocol';
export const REPLICATION = '@skein/replication';
const CORE = '@skein/core';
const HTTP = '@skein/http';
const LEADER = '@skein/leader';
const FOLLOWER = '@skein/follower';
const MQTT = '@skein/mqtt';
const SKEIN = 'skein';
export const TESTING = '@skein/testing';
const BENCH = '@skein/bench';

const BELOW_ROLES = [PROTOCOL, REPLICATION, CORE, HTTP];
const BELOW_SKEIN = [...BELOW_ROLES, LEADER, FOLLOWER, MQTT];

/** Which of our packages each of our packages may import. */
export const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map([
  [PROTOCOL, []],
  [REPLICATION, [PROTOCOL]],
  [CORE, [PROTOCOL]],
  [HTTP, [PROTOCOL, REPLICATION, CORE]],
  [LEADER, BELOW_ROLES],
  [FOLLOWER, BELOW_ROLES],
  [MQTT, BELOW_ROLES],
  [SKEIN, BELOW_SKEIN],
  [TESTING, [...BELOW_SKEIN, SKEIN]],
  [BENCH, [...BELOW_SKEIN, SKEIN, TESTING]],
]);

/** These do no I/O: none of Node's modules, so that they run in a browser and in a simulator. */
export const WITHOUT_NODE: ReadonlySet<string> = new Set([PROTOCOL, REPLICATION]);

/** Names whose meaning changes from one moment, run or machine to the next, and those of asynchronous code. */
export const IMPURE_NAMES: ReadonlyMap<string, string> = new Map([
  ['Date', 'time is an argument'],
  ['performance', 'time is an argument'],
  ['Temporal', 'time is an argument'],
  ['setTimeout', 'timers are effects for the shell'],
  ['setInterval', 'timers are effects for the shell'],
  ['setImmediate', 'timers are effects for the shell'],
  ['queueMicrotask', 'timers are effects for the shell'],
  ['crypto', 'randomness is an argument'],
  ['async', 'decisions are synchronous'],
  ['await', 'decisions are synchronous'],
  ['Promise', 'decisions are synchronous'],
  ['process', 'I/O is for the shell'],
  ['globalThis', 'what a decision needs is an argument'],
]);

export const README_LINES_MAX = 40;

/** The top level is fixed. Names that begin with a dot are free; so are the lock file and the licence. */
export const TOP_LEVEL: readonly string[] = [
  'README.md',
  'docs',
  'examples',
  'package.json',
  'packages',
  'test',
  'tsconfig.json',
  'turbo.json',
];
export const TOP_LEVEL_ALSO: readonly string[] = ['LICENSE', 'package-lock.json'];
