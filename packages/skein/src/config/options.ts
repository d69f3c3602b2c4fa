import { LIMITS } from '@skein/protocol';
import type { z } from 'zod';
import {
  bytes,
  collectionName,
  corsOrigins,
  duration,
  httpUrls,
  integer,
  logLevel,
  mqttPrefix,
  mqttUrl,
  nodeId,
  onOff,
  text,
} from './values.ts';

/** The commands that run a node. */
export const NODE_COMMANDS = ['leader', 'follower', 'mesh'] as const;
export type NodeCommand = (typeof NODE_COMMANDS)[number];

interface OptionSpec<Value> {
  readonly schema: z.ZodType<Value, string>;
  /** What stands for the value in help; a flag without one is on when it is given. */
  readonly placeholder?: string;
  readonly help: string;
  /** Where that is another thing to a node of a mesh. */
  readonly meshHelp?: string;
  /** As text, for each command that has the option; null means: none unless given. */
  readonly defaults: Partial<Record<NodeCommand, string | null>>;
}

const option = <Value>(spec: OptionSpec<Value>): OptionSpec<Value> => spec;
type Preset = string | null;
/** Of nodes of which one leads. */
const both = (value: Preset): Record<'leader' | 'follower', Preset> => ({ leader: value, follower: value });
const all = (value: Preset): Record<NodeCommand, Preset> => ({ ...both(value), mesh: value });

/**
 * Every option of a node, once: its name is the flag, the key in the file, and with SKEIN_ before it in the environment.
 * Help and docs/CONFIGURATION.md are printed from here.
 */
export const OPTIONS = {
  leader: option({
    schema: httpUrls,
    placeholder: '<urls>',
    help: 'Address of the node to follow: a leader, or another follower. Of several, whichever leads is followed. Required.',
    defaults: { follower: null },
  }),
  data: option({
    schema: text,
    placeholder: '<dir>',
    help: 'Directory of the database; made when it is missing.',
    defaults: { leader: './skein-data/leader', follower: './skein-data/follower', mesh: './skein-data/mesh' },
  }),
  host: option({
    schema: text,
    placeholder: '<address>',
    help: 'Address to listen on. Anything but loopback needs --insecure.',
    defaults: all('127.0.0.1'),
  }),
  port: option({
    schema: integer(0, 65_535),
    placeholder: '<port>',
    help: 'Port to listen on; 0 takes a free one.',
    defaults: { leader: '7400', follower: '7401', mesh: '7400' },
  }),
  'node-id': option({
    schema: nodeId,
    placeholder: '<id>',
    help: 'Name of this node, unique among the nodes of a log. Made up once and kept in the database unless given.',
    meshHelp: 'Name of this node, unique in the mesh for good: its changes carry it wherever they go. Required.',
    defaults: all(null),
  }),
  peers: option({
    schema: httpUrls,
    placeholder: '<urls>',
    help: 'Addresses of the other members, with commas between: nodes that count for --min-replicas, and may lead. The same set on each.',
    meshHelp:
      'Addresses of other nodes of the mesh, with commas between: their feeds are tailed, and documents compared with them. The first comes first.',
    defaults: all(null),
  }),
  'min-replicas': option({
    schema: integer(0, 15),
    placeholder: '<count>',
    help: 'No write is acknowledged before so many other members have it durably. The same on each.',
    defaults: both('0'),
  }),
  'poll-interval': option({
    schema: duration(10, 3_600_000),
    placeholder: '<duration>',
    help: 'Ask for changes this often. Unless given, requests wait at the leader and changes arrive at once.',
    defaults: both(null),
  }),
  'batch-size': option({
    schema: integer(50, LIMITS.pageLimitMax),
    placeholder: '<changes>',
    help: 'Most changes to ask for at once; the follower adapts below it.',
    defaults: both('5000'),
  }),
  'request-timeout': option({
    schema: duration(100, 600_000),
    placeholder: '<duration>',
    help: 'How long the leader may take to answer, beside the time a request waits there on purpose.',
    meshHelp: 'How long a peer may take to answer, beside the time a request waits there on purpose.',
    defaults: all('10s'),
  }),
  'ping-interval': option({
    schema: duration(100, 3_600_000),
    placeholder: '<duration>',
    help: 'When nothing was asked of the leader for so long, it is asked whether it is there.',
    defaults: both('30s'),
  }),
  'backoff-base': option({
    schema: duration(1, 600_000),
    placeholder: '<duration>',
    help: 'Bound of the delay after a first failure; it doubles with each further one.',
    defaults: all('2s'),
  }),
  'backoff-max': option({
    schema: duration(1, 3_600_000),
    placeholder: '<duration>',
    help: 'Greatest bound of the delay between attempts.',
    defaults: all('60s'),
  }),
  'circuit-failures': option({
    schema: integer(1, 1000),
    placeholder: '<count>',
    help: 'After this many failures in a row the leader is left alone for a while.',
    meshHelp: 'After this many failures in a row a peer is left alone for a while.',
    defaults: all('5'),
  }),
  'circuit-open': option({
    schema: duration(100, 3_600_000),
    placeholder: '<duration>',
    help: 'How long it is then left alone; one question decides whether it is left alone again.',
    defaults: all('30s'),
  }),
  'rate-limit': option({
    schema: integer(1, 10_000_000),
    placeholder: '<changes>',
    help: 'Most changes to fetch in a second, such as 10000. Unless given, as many as there are.',
    defaults: both(null),
  }),
  'rate-burst': option({
    schema: integer(1, 10_000_000),
    placeholder: '<changes>',
    help: 'With --rate-limit: so many may be fetched at once after a rest.',
    defaults: both('1000'),
  }),
  'max-lag': option({
    schema: duration(1000, 3_600_000),
    placeholder: '<duration>',
    help: 'A follower not known to be up to date for longer is neither healthy nor ready.',
    defaults: both('30s'),
  }),
  'slo-page-read': option({
    schema: duration(1, 600_000),
    placeholder: '<duration>',
    help: 'Reading a page of the feed should not take longer; what does is counted and warned of.',
    defaults: both('100ms'),
  }),
  'slo-leader-call': option({
    schema: duration(1, 600_000),
    placeholder: '<duration>',
    help: 'The same of an answer of the leader, without the time a request waits there on purpose.',
    defaults: both('500ms'),
  }),
  'slo-batch': option({
    schema: duration(1, 600_000),
    placeholder: '<duration>',
    help: 'The same of applying a page.',
    defaults: both('200ms'),
  }),
  'slo-lag': option({
    schema: duration(1000, 3_600_000),
    placeholder: '<duration>',
    help: 'The same of the time since this node was last known to be up to date.',
    defaults: both('30s'),
  }),
  'compare-interval': option({
    schema: duration(1000, 7 * 86_400_000),
    placeholder: '<duration>',
    help: "How often the documents are compared with the leader's.",
    meshHelp: 'How often the documents are compared with those of each peer; what differs is merged, on both sides.',
    defaults: all('60s'),
  }),
  repair: option({
    schema: onOff,
    help: 'Put right what a comparison finds: take over what the leader has, up to 1000 documents at a time.',
    defaults: both('off'),
  }),
  'accept-reset': option({
    schema: onOff,
    help: 'Follow, once, a leader that lost what this node has or is another; what only this node has is gone then.',
    defaults: { follower: 'off' },
  }),
  'forward-writes': option({
    schema: onOff,
    placeholder: '<on|off>',
    help: 'Pass writes on to the leader. When off they are answered 421 with its address.',
    defaults: both('on'),
  }),
  'max-clock-drift': option({
    schema: duration(1000, 7 * 86_400_000),
    placeholder: '<duration>',
    help: "Changes of a time further ahead of this node's clock are not merged until it is within that.",
    defaults: { mesh: '5m' },
  }),
  'keep-conflicts': option({
    schema: onOff,
    help: 'Keep what lost to a write that did not know of it in $conflicts, the last ten of each document.',
    defaults: { mesh: 'off' },
  }),
  'retain-changes': option({
    schema: integer(1, 1_000_000_000),
    placeholder: '<changes>',
    help: 'So many of the newest changes always stay in the log; older ones go.',
    defaults: all('1000000'),
  }),
  'retain-bytes': option({
    schema: bytes(0, 1024 ** 4),
    placeholder: '<size>',
    help: 'Older changes are kept for followers that need them, up to this size of the log; who needs more is lost.',
    defaults: all('4GiB'),
  }),
  'retain-age': option({
    schema: duration(1000, 365 * 86_400_000),
    placeholder: '<duration>',
    help: 'A follower not heard of for longer, while this node ran, is lost when it needs older changes.',
    meshHelp:
      'A peer or follower not heard of for longer, while this node ran, is lost when it needs older changes; a peer then compares instead.',
    defaults: all('24h'),
  }),
  'scrub-interval': option({
    schema: duration(1000, 365 * 86_400_000),
    placeholder: '<duration>',
    help: 'How often everything stored is read again and proven.',
    defaults: all('24h'),
  }),
  'max-value': option({
    schema: bytes(1024, 16 * 1024 * 1024),
    placeholder: '<size>',
    help: 'Largest value of a document.',
    meshHelp:
      'Largest value of a document that is written here. In a mesh, what does not fit into an event of 300 KiB is refused too.',
    defaults: all('1MiB'),
  }),
  'write-buffer': option({
    schema: bytes(64 * 1024, 1024 ** 3),
    placeholder: '<size>',
    help: 'Memory in which LevelDB gathers writes; up to two of them are held. Larger is faster for random keys.',
    defaults: all('64MiB'),
  }),
  cache: option({
    schema: bytes(0, 64 * 1024 ** 3),
    placeholder: '<size>',
    help: 'Memory in which LevelDB keeps blocks it has read.',
    defaults: all('32MiB'),
  }),
  'cors-origins': option({
    schema: corsOrigins,
    placeholder: '<origins>',
    help: 'Web pages that may read and write here: origins such as https://app.example, with commas between, or * for all.',
    defaults: all(null),
  }),
  'mqtt-url': option({
    schema: mqttUrl,
    placeholder: '<url>',
    help: 'Broker (MQTT 5) through which a leader tells of each change and pushes its log to followers, and a follower hears of it.',
    meshHelp: 'Broker (MQTT 5) through which nodes of the mesh tell each other of each change.',
    defaults: all(null),
  }),
  'mqtt-prefix': option({
    schema: mqttPrefix,
    placeholder: '<prefix>',
    help: 'First levels of the topics, the same on each node of a set; no two sets of a broker have the same.',
    meshHelp: 'First levels of the topic, the same on each node of a mesh; no two meshes of a broker have the same.',
    defaults: all('skein'),
  }),
  'mqtt-username': option({
    schema: text,
    placeholder: '<name>',
    help: 'Name of this node to the broker, beside its client id, which is its --node-id.',
    defaults: all(null),
  }),
  'mqtt-password-file': option({
    schema: text,
    placeholder: '<file>',
    help: 'File with the password that goes with it.',
    defaults: all(null),
  }),
  'mqtt-ca': option({
    schema: text,
    placeholder: '<file>',
    help: "PEM file with who signs the broker's certificate, where that is nobody the system knows.",
    defaults: all(null),
  }),
  'mqtt-cert': option({
    schema: text,
    placeholder: '<file>',
    help: 'PEM file with the certificate that this node shows to the broker.',
    defaults: all(null),
  }),
  'mqtt-key': option({
    schema: text,
    placeholder: '<file>',
    help: 'PEM file with its key.',
    defaults: all(null),
  }),
  'mqtt-hmac-key-file': option({
    schema: text,
    placeholder: '<file>',
    help: 'File with a key of 32 bytes or more, the same on each node: what is not sealed with it is not believed, whoever has the broker. A line end behind the key is none of it.',
    defaults: all(null),
  }),
  'mqtt-plain-collection': option({
    schema: collectionName,
    placeholder: '<name>',
    help: 'Collection for keys without one and their text, as nodes tell them that are no Skein; its own text is told so too.',
    defaults: { mesh: null },
  }),
  'outbox-limit': option({
    schema: integer(1, 1_000_000_000),
    placeholder: '<changes>',
    help: 'So many changes that the broker does not have yet, the oldest are passed over; receivers find them in the feed.',
    meshHelp:
      'So many changes of the log behind, those of other nodes included, the oldest are not told to the broker any more; others find what they miss when they compare.',
    defaults: all('10000'),
  }),
  'log-level': option({
    schema: logLevel,
    placeholder: '<level>',
    help: 'fatal, error, warn, info, debug or silent.',
    defaults: all('info'),
  }),
  insecure: option({
    schema: onOff,
    help: 'Listen beyond loopback although nothing is encrypted and nobody is asked who they are.',
    defaults: all('off'),
  }),
} as const;

export type OptionName = keyof typeof OPTIONS;

export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];

/** What an option's value is once parsed. */
export type OptionValue<Name extends OptionName> = z.output<(typeof OPTIONS)[Name]['schema']>;

export function optionsOf(command: NodeCommand): readonly OptionName[] {
  return OPTION_NAMES.filter((name) => (OPTIONS[name] as OptionSpec<unknown>).defaults[command] !== undefined);
}

export function defaultOf(name: OptionName, command: NodeCommand): string | null {
  return (OPTIONS[name] as OptionSpec<unknown>).defaults[command] ?? null;
}

export function helpOf(name: OptionName, command: NodeCommand): string {
  const { help, meshHelp } = OPTIONS[name] as OptionSpec<unknown>;
  return command === 'mesh' ? (meshHelp ?? help) : help;
}

export function placeholderOf(name: OptionName): string | undefined {
  return (OPTIONS[name] as OptionSpec<unknown>).placeholder;
}

export function environmentName(name: OptionName): string {
  return `SKEIN_${name.toUpperCase().replaceAll('-', '_')}`;
}
