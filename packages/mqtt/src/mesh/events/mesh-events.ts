import { reasonOf, type AddMetrics } from '@skein/http';
import type { Topics } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { Publisher, type PublisherParts } from '../../publisher/publisher.ts';
import { sequenceGaps } from '../../publisher/metrics.ts';
import type { MeshEventsPort } from '../events-port.ts';
import type { MeshIntake } from '../intake.ts';
import { MeshHearing } from './mesh-hearing.ts';
import { meshTellingOf } from './telling.ts';

export interface MeshEventsParts extends Omit<PublisherParts, 'topic' | 'tellingOf' | 'incarnation' | 'gaps'> {
  readonly topics: Topics;
  /** Where keys without a collection, and their text, stand: those of nodes that are no Skein. */
  readonly plainCollection?: string | undefined;
}

/** A mesh through a broker: each node tells of what it has written itself, and merges what it hears of the others. */
export class MeshEvents implements MeshEventsPort {
  readonly outbox: Publisher;
  readonly #parts: MeshEventsParts;
  readonly #hearing: MeshHearing;
  readonly #gaps = sequenceGaps();
  /** Incarnations under which this process has told something: some may be of its earlier lives. */
  readonly #told = new Set<string>();

  constructor(parts: MeshEventsParts) {
    const { store, topics, plainCollection } = parts;
    this.#parts = parts;
    this.outbox = new Publisher({
      ...parts,
      topic: topics.events,
      tellingOf: (change) => {
        const telling = meshTellingOf(change, { nodeId: store.facts.identity.node, plainCollection });
        if (telling !== null) this.#told.add(telling.incarnation);
        return telling;
      },
      incarnation: () => store.incarnation,
      gaps: this.#gaps,
    });
    this.#hearing = new MeshHearing({
      ...parts,
      topic: topics.events,
      isOwn: ({ node, incarnation }) =>
        node === store.facts.identity.node && (incarnation === store.incarnation || this.#told.has(incarnation)),
      onGaps: (count) => this.#gaps.inc(count),
    });
  }

  install(app: FastifyInstance, intake: MeshIntake): void {
    this.outbox.install(app);
    this.#hearing.install(app, intake);
  }

  describe(): Readonly<Record<string, unknown>> {
    return {
      broker: this.#parts.broker.describe(),
      outbox: this.outbox.describe(),
      events: this.#hearing.describe(),
    };
  }

  readonly addMetrics: AddMetrics = (registry) => {
    this.outbox.addMetrics(registry);
    this.#hearing.addMetrics(registry);
  };

  verdict(): string | null {
    const { lastError } = this.#hearing;
    return lastError === null ? null : `what the broker brings cannot be merged: ${reasonOf(lastError)}`;
  }
}
