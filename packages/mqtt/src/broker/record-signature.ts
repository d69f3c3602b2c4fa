import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { RandomBytes } from '@skein/core';
import type { Told } from './seals.ts';

/** Before the 32 bytes of a private, or public, key of Ed25519, in the form in which Node reads them. */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

export const SIGNATURE = 'signature';

/**
 * Signs what one leader pushes, with a key that it makes when it begins to lead and tells its followers over the feed. So
 * nobody has to be given a key, and whoever may publish at a broker still cannot make up what a leader has written.
 */
export class RecordSigner {
  readonly #key: KeyObject;
  /** As followers are told it. */
  readonly publicKey: string;

  constructor(randomness: RandomBytes) {
    const bytes = Buffer.concat([PRIVATE_HEAD, randomness(KEY_BYTES)]);
    this.#key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    this.publicKey = spki.subarray(PUBLIC_HEAD.length).toString('base64url');
  }

  sign(told: Told): string {
    return sign(null, signedBytes(told), this.#key).toString('base64url');
  }
}

/** Looks for that, with the key that the feed has told. */
export class RecordVerifier {
  #told: string | null = null;
  #key: KeyObject | null = null;

  isSigned(told: Told, signature: string | undefined, publicKey: string | null): boolean {
    const key = this.#keyOf(publicKey);
    if (key === null || signature === undefined) return false;
    return verify(null, signedBytes(told), key, Buffer.from(signature, 'base64url'));
  }

  /** It stays the same for as long as a leader leads. */
  #keyOf(publicKey: string | null): KeyObject | null {
    if (publicKey === this.#told) return this.#key;
    this.#told = publicKey;
    this.#key = publicKey === null ? null : keyOf(publicKey);
    return this.#key;
  }
}

function keyOf(publicKey: string): KeyObject | null {
  const bytes = Buffer.from(publicKey, 'base64url');
  if (bytes.length !== KEY_BYTES) return null;
  return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' });
}

/** Neither topic nor incarnation can hold NUL. */
function signedBytes({ topic, incarnation, payload }: Told): Buffer {
  return Buffer.concat([Buffer.from(`${topic}\0${incarnation}\0`), payload]);
}
