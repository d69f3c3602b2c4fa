/*
 * The dependency rule: dependencies point one way,
 *
 *     protocol ← replication, core ← http ← leader, follower, mqtt ← skein
 *
 * and the packages beside each other never meet but on the wire. `client` is on the other end of it: it depends on nothing, and
 * nothing that is shipped on it. `testing` and `bench` may look at everything; of what is shipped nothing depends on them.
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
const CLIENT = '@skein/client';

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
  [CLIENT, []],
  [TESTING, [...BELOW_SKEIN, SKEIN, CLIENT]],
  [BENCH, [...BELOW_SKEIN, SKEIN, CLIENT, TESTING]],
]);

/** None of Node's modules: they run in a browser, and the first two in a simulator. */
export const WITHOUT_NODE: ReadonlySet<string> = new Set([PROTOCOL, REPLICATION, CLIENT]);

/** No library under them: what is decided depends on nothing, and a browser loads the client's files as they are. */
export const WITHOUT_LIBRARIES: ReadonlySet<string> = new Set([REPLICATION, CLIENT]);

/** Names whose meaning changes from one moment, run or machine to the next, and those of asynchronous code. */
export const IMPURE_NAMES: ReadonlyMap<string, string> = new Map([
  ['Date', 'time is an argument'],
  ['performance', 'time is an argument'],
  ['Temporal', 'time is an argument'],
  ['setTimeout', 'timers are effects for the shell'],
  ['setInterval', 'timers are effects for the shell'],
  ['setImmediate', 'timers are effects for the shell'],
  ['Math.random', 'randomness is an argument'],
  ['queueMicrotask', 'timers are effects for the shell'],
  ['crypto', 'randomness is an argument'],
  ['async', 'decisions are synchronous'],
  ['await', 'decisions are synchronous'],
  ['Promise', 'decisions are synchronous'],
  ['process', 'I/O is for the shell'],
  ['globalThis', 'what a decision needs is an argument'],
]);

/** Their code runs in the simulator as it is: time, chance, disk and network are arguments there. */
export const SIMULATED: ReadonlySet<string> = new Set([PROTOCOL, REPLICATION, CORE, HTTP, LEADER, FOLLOWER, MQTT]);

/** Where the world outside comes in; everything else in those packages is handed what is made here. */
export const ADAPTERS: ReadonlySet<string> = new Set([
  'packages/core/src/clock.ts',
  'packages/core/src/random-bytes.ts',
  'packages/core/src/level/classic.ts',
  'packages/core/src/level/directory.ts',
  'packages/core/src/rescue/directory.ts',
  'packages/http/src/link/undici-link.ts',
  'packages/http/src/cut-off-bodies.ts',
  'packages/http/src/front.ts',
  'packages/mqtt/src/broker/mqtt-js-session.ts',
]);

export const OUTSIDE_NAMES: ReadonlyMap<string, string> = new Map([
  ['Date', 'time comes from a Clock'],
  ['performance', 'time comes from a Clock'],
  ['Temporal', 'time comes from a Clock'],
  ['setTimeout', 'a Clock sleeps'],
  ['setInterval', 'a Clock sleeps'],
  ['setImmediate', 'a Clock sleeps'],
  ['Math.random', 'randomness is an argument'],
  ['randomBytes', 'randomness is an argument'],
  ['randomUUID', 'randomness is an argument'],
]);

export const OUTSIDE_MODULES: ReadonlySet<string> = new Set([
  'node:child_process',
  'node:dgram',
  'node:dns',
  'node:fs',
  'node:fs/promises',
  'node:http',
  'node:https',
  'node:net',
  'node:timers',
  'node:timers/promises',
  'node:tls',
  'node:worker_threads',
  'classic-level',
  'mqtt',
  'undici',
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
