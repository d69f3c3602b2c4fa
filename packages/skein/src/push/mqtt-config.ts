/** A broker, and what a node tells and hears through it. */
export interface MqttConfig {
  /** `mqtt://` or `mqtts://`, without a name and a password, which go beside it. */
  readonly url: string;
  /** Where on the broker the nodes of a set meet; `skein` unless given. */
  readonly prefix?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM, where the broker's certificate is not signed by anybody known, or this node has to show one. */
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  /** What all nodes of the set share, and the broker does not have; then nothing is believed that is not sealed with it. */
  readonly hmacKey?: Buffer | undefined;
  /** So many changes behind, a leader passes over the oldest; 10,000 unless given. */
  readonly outboxLimit?: number | undefined;
  /** In a mesh: the collection for keys without one, as nodes tell them that are no Skein; such keys are refused unless given. */
  readonly plainCollection?: string | undefined;
}
