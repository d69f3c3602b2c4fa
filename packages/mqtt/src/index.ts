export { contentOf, documentOf, type DocumentOfEvent, type EventContent } from './events/document-key.ts';
export { decodeEvent } from './events/decode-event.ts';
export { encodeEvent } from './events/encode-event.ts';
export { EventError, type EventErrorCode } from './events/event-error.ts';
export { EVENT_BYTES_MAX, type ReplicationEvent } from './events/event.ts';
export { EVENT_TEXT_CHARS_MAX, eventFromText, eventToText } from './events/event-text.ts';
export {
  RefusedError,
  type BrokerMessage,
  type BrokerSession,
  type OpenSession,
  type Qos,
  type SessionEvents,
} from './broker/broker-session.ts';
export { ReconnectingBroker, type Broker, type BrokerParts, type BrokerSeen } from './broker/broker.ts';
export { mqttJsSessions, type MqttOptions } from './broker/mqtt-js-session.ts';
export { INCARNATION, Seals, type Told } from './broker/seals.ts';
export type { LoggedChange } from './publisher/changes-of.ts';
export type { Observable, OutboxStatus } from './publisher/outbox-status.ts';
export { leaderIncarnation, leaderTellingOf } from './publisher/leader-events.ts';
export { LeaderPush, type LeaderPushParts } from './publisher/leader-push.ts';
export { Publisher, type PublisherParts } from './publisher/publisher.ts';
export { PushedRecords, type PushedRecordsParts } from './subscriber/pushed-records.ts';
export { MeshEvents, type MeshEventsParts } from './mesh/events/mesh-events.ts';
export { assertFitsEvent, meshTellingOf, type Teller } from './mesh/events/telling.ts';
export type { MeshEventsPort } from './mesh/events-port.ts';
export type { MeshIntake } from './mesh/intake.ts';
export { MeshNode, type MeshParts, type MeshPolicy } from './mesh/mesh-node.ts';
