import { LIMITS } from '@skein/protocol';
import { SLO_DEFAULTS, type RetentionPolicy } from '@skein/replication';
import compress from '@fastify/compress';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { addHeaders, type HeaderList } from './answer.ts';
import { Commits } from './commits.ts';
import { Cors, type CorsOrigins } from './cors.ts';
import { definitionReads } from './definitions/reads.ts';
import { DigestDesk } from './digest/digest-desk.ts';
import { digestRoute } from './digest/route.ts';
import { DOCUMENT_URL } from './documents/names.ts';
import { documentReads } from './documents/reads.ts';
import type { WriteParts } from './documents/writes.ts';
import { EverydayAnswers } from './everyday/everyday-answers.ts';
import { changeFeed } from './feed/changes.ts';
import { followerRoutes } from './feed/followers.ts';
import { PageSource } from './feed/page-source.ts';
import { RetentionKeeper } from './feed/retention-keeper.ts';
import type { SlotBook } from './feed/slot-book.ts';
import { EventStreams } from './feed/streams/event-streams.ts';
import type { Routes } from './front.ts';
import { headsWithoutStreams } from './heads.ts';
import { ServedPaths } from './served-paths.ts';
import type { Membership } from './members/membership.ts';
import { memberRoutes } from './members/routes.ts';
import { meshRoutes } from './mesh/routes.ts';
import type { ServedNode } from './node.ts';
import { DailyScrub } from './operations/daily-scrub.ts';
import { openApiRoutes } from './openapi/routes.ts';
import { healthRoutes } from './operations/health.ts';
import { metricsRoute, type AddMetrics } from './operations/metrics.ts';
import { SloWatch } from './operations/slo-watch.ts';
import { statusRoute } from './operations/status.ts';
import { logStoreStates } from './operations/store-watch.ts';
import { Pins } from './pins.ts';
import { SnapshotPages } from './snapshot/pages.ts';
import { namedSnapshotRoute, snapshotRoute } from './snapshot/snapshot.ts';
import type { RoleAddition } from './role-addition.ts';
import { installProblems, sendProblem, toSkeinError } from './problem.ts';
import { installBodyParsers } from './request.ts';
import { discardUnreadBodies } from './unread-bodies.ts';
import { whoAnswers } from './who-answers.ts';

export interface ServerOptions {
  readonly node: ServedNode;
  readonly logger?: FastifyBaseLogger | undefined;
  /** Who follows the node. */
  readonly slots: SlotBook;
  readonly retention: RetentionPolicy;
  /** How often everything stored is read again; never unless given. */
  readonly scrubEveryMs?: number | null | undefined;
  /** Takes changes that other nodes have made; a node that takes none says so. */
  readonly merge?: RoleAddition['merge'];
  /** Adds the routes that take writes: a leader's own, or a follower's that forward. */
  readonly addWrites: (app: FastifyInstance) => void;
  /** Where plain writes go; a node that passes them on has none. */
  readonly writes?: WriteParts | undefined;
  readonly addRoleMetrics: AddMetrics;
  /** The node's place among the members. */
  readonly membership: Membership;
  /** Told of slow reads; a node whose role has nothing else to watch needs none of its own. */
  readonly slo?: SloWatch | undefined;
  /** Web pages that may use the node; none unless given. */
  readonly corsOrigins?: CorsOrigins | undefined;
  /** What is measured of the process, by whoever has one. */
  readonly addProcessMetrics?: AddMetrics | undefined;
}

export interface NodeServer {
  readonly app: FastifyInstance;
  /** Who answers requests: the app, but for those that most are. */
  readonly routes: Routes;
  readonly slots: SlotBook;
}

/** Smaller answers are sent as they are. */
const COMPRESSED_BYTES_MIN = 1024;

/** The HTTP side of a node. Roles differ in where writes go and what they measure; everything else is the same. */
export function createServer({
  node,
  logger,
  slots,
  retention,
  scrubEveryMs = null,
  membership,
  addWrites,
  writes,
  merge,
  corsOrigins = [],
  slo = watchOfReads(node, logger),
  ...adders
}: ServerOptions): NodeServer {
  const cors = new Cors(corsOrigins);
  const names = whoAnswers(node);
  const app = Fastify({
    // With a logger Fastify listens to the end of every answer, which costs a tenth of a small request. What is worth a
    // line, an internal error, is logged where it is answered.
    logger: false,
    bodyLimit: node.store.valueBytesMax,
    return503OnClosing: false,
    routerOptions: { maxParamLength: LIMITS.headerBytesMax },
    frameworkErrors: (error, request, reply) => {
      // A path that cannot be read has no route, and so no hooks either.
      addHeaders(reply, names());
      cors.sayWhoMayRead(request, reply);
      return sendProblem(reply, toSkeinError(error));
    },
  }) as unknown as FastifyInstance;
  const paths = new ServedPaths();
  paths.watch(app);
  app.setValidatorCompiler(validatorCompiler);
  installProblems(app, paths, logger);
  installBodyParsers(app);
  nameTheNode(app, names);
  cors.install(app);
  closeWhatWasBusy(app, node);
  discardUnreadBodies(app);
  headsWithoutStreams(app);

  logStoreStates(node, logger);
  const commits = new Commits(node);
  const pages = new PageSource(node, slo);
  const streams = new EventStreams({ node, pages, logger });
  const pins = new Pins(node.store, node.clock, node.stopping);
  const snapshots = new SnapshotPages(pins);
  app.addHook('onClose', () => pins.close());
  new RetentionKeeper({ store: node.store, slots, clock: node.clock, policy: retention, logger }).install(app);
  const scrub = new DailyScrub({
    store: node.store,
    clock: node.clock,
    everyMs: scrubEveryMs,
    logger,
    until: node.stopping,
  });
  scrub.install(app);
  // Metrics first: their hook must be there when the routes are added.
  const durations = metricsRoute(app, { node, commits, pages, streams, slots }, [
    adders.addProcessMetrics,
    adders.addRoleMetrics,
    (registry) => slo.registerIn(registry),
  ]);
  healthRoutes(app, node);
  statusRoute(app, node, { slots, scrub, membership });
  app.register(async (scope) => {
    await scope.register(compress, {
      threshold: COMPRESSED_BYTES_MIN,
      encodings: ['gzip', 'deflate', 'br'],
      customTypes: /json|html/,
    });
    documentReads(scope, node, commits);
    definitionReads(scope, node, commits);
    snapshotRoute(scope, { node, pins, pages: snapshots, slots, commits });
    namedSnapshotRoute(scope, { pins, pages: snapshots });
    digestRoute(scope, new DigestDesk(node, pins));
    openApiRoutes(scope, node.version);
  });
  followerRoutes(app, node, slots);
  changeFeed(app, { node, commits, pages, streams, slots });
  memberRoutes(app, membership);
  meshRoutes(app, merge);
  addWrites(app);
  const routes = new EverydayAnswers({
    node,
    writes,
    names,
    headers: cors.headersOfAll,
    observe: durations.ofRoute(DOCUMENT_URL),
    logger,
    compressedBytesMin: COMPRESSED_BYTES_MIN,
    app,
  });
  return { app, routes, slots };
}

function watchOfReads({ clock }: ServedNode, logger: FastifyBaseLogger | undefined): SloWatch {
  return new SloWatch({ clock, logger, limits: { page_read: SLO_DEFAULTS.page_read } });
}

function nameTheNode(app: FastifyInstance, names: () => HeaderList): void {
  app.addHook('onRequest', (_request, reply, done) => {
    addHeaders(reply, names());
    done();
  });
}

/**
 * Idle connections are closed when the node stops; those on which an answer is still due are closed behind it, or the stop
 * would wait for their clients to let go.
 */
function closeWhatWasBusy(app: FastifyInstance, { stopping }: ServedNode): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
}
