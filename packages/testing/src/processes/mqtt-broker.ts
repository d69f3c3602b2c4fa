import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { generate, parser, type Packet } from 'mqtt-packet';
import { freePort } from './free-port.ts';

/** As many as mosquitto takes unless it is told otherwise. */
const RECEIVE_MAX = 20;

/**
 * aedes, in this process. It speaks MQTT 3.1.1 alone, so what it is told and what it tells is translated on the way: MQTT 5
 * outside, and the user properties carried in front of the payload inside. Sessions, acknowledgements and who gets what are
 * aedes's own.
 */
export class MqttBroker {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #parts: { readonly front: Server; readonly back: Server; readonly aedes: Aedes } | null = null;
  /** Told of each message that a client publishes. */
  onPublished: (topic: string, payload: Buffer) => void = () => undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<MqttBroker> {
    const broker = new MqttBroker(await freePort());
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker();
    const back = await listening(createServer(aedes.handle), 0);
    const { port } = back.address() as AddressInfo;
    const front = createServer((outside) => this.#translate(outside, connect(port, '127.0.0.1')));
    this.#parts = { front: await listening(front, this.#port), back, aedes };
  }

  /** Gone, with everything that it knew. */
  async stop(): Promise<void> {
    if (this.#parts === null) return;
    const { front, back, aedes } = this.#parts;
    this.#parts = null;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed(front), closed(back)]);
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
  }

  #translate(outside: Socket, inside: Socket): void {
    for (const socket of [outside, inside]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        outside.destroy();
        inside.destroy();
      });
    }
    const fromOutside = parser({ protocolVersion: 5 });
    fromOutside.on('packet', (packet: Packet) => {
      if (packet.cmd === 'publish') this.onPublished(packet.topic, packet.payload as Buffer);
      inside.write(generate(inwards(packet), { protocolVersion: 4 }));
    });
    const fromInside = parser({ protocolVersion: 4 });
    fromInside.on('packet', (packet: Packet) => outside.write(generate(outwards(packet), { protocolVersion: 5 })));
    outside.on('data', (chunk) => fromOutside.parse(chunk));
    inside.on('data', (chunk) => fromInside.parse(chunk));
  }
}

function inwards(packet: Packet): Packet {
  if (packet.cmd === 'connect') {
    const { clientId, clean, keepalive, username, password } = packet;
    const common = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clientId, clean, keepalive } as const;
    return {
      ...common,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    } as Packet;
  }
  if (packet.cmd !== 'publish') return packet;
  const { properties, ...publish } = packet;
  const line = Buffer.from(`${JSON.stringify(properties?.userProperties ?? {})}\n`);
  return { ...publish, payload: Buffer.concat([line, packet.payload as Buffer]) };
}

function outwards(packet: Packet): Packet {
  switch (packet.cmd) {
    case 'connack': {
      const reasonCode = packet.returnCode === 0 ? 0 : 0x87;
      return { cmd: 'connack', sessionPresent: false, reasonCode, properties: { receiveMaximum: RECEIVE_MAX } };
    }
    case 'puback':
      return { ...packet, reasonCode: 0 };
    case 'unsuback':
      return { ...packet, granted: [0] };
    case 'publish': {
      const payload = packet.payload as Buffer;
      const end = payload.indexOf(0x0a);
      const userProperties = JSON.parse(payload.toString('utf8', 0, end)) as Record<string, string>;
      const hasProperties = Object.keys(userProperties).length > 0;
      const message = { ...packet, payload: payload.subarray(end + 1) };
      return hasProperties ? { ...message, properties: { userProperties } } : message;
    }
    default:
      return packet;
  }
}

function listening(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
