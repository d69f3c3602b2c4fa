import { describe, expect, it } from 'vitest';
import { RecordSigner, RecordVerifier } from './record-signature.ts';

const told = { topic: 'p/replication/log', payload: Buffer.from('payload'), incarnation: 'log.1-abcdefgh' };
const signer = new RecordSigner((count) => Buffer.alloc(count, 7));
const signature = signer.sign(told);

describe('the signature of a record', () => {
  it('is found with the key that the leader has told, and with no other', () => {
    const verifier = new RecordVerifier();
    expect(verifier.isSigned(told, signature, signer.publicKey)).toBe(true);
    const other = new RecordSigner((count) => Buffer.alloc(count, 8)).publicKey;
    for (const key of [other, null, '', 'short', `${signer.publicKey}AA`, 'A'.repeat(43)])
      expect(verifier.isSigned(told, signature, key)).toBe(false);
    expect(verifier.isSigned(told, signature, signer.publicKey)).toBe(true);
  });

  it('is not found on anything else', () => {
    const verifier = new RecordVerifier();
    const isSigned = (changed: Partial<typeof told>, found: string | undefined = signature): boolean =>
      verifier.isSigned({ ...told, ...changed }, found, signer.publicKey);
    expect(isSigned({ topic: 'q/replication/log' })).toBe(false);
    expect(isSigned({ payload: Buffer.from('Payload') })).toBe(false);
    expect(isSigned({ incarnation: 'log.2-abcdefgh' })).toBe(false);
    expect(verifier.isSigned(told, undefined, signer.publicKey)).toBe(false);
    for (const found of ['', 'x', signature.slice(4), `${signature}AAAA`]) expect(isSigned({}, found)).toBe(false);
  });

  it('is that of Ed25519, over topic, NUL, incarnation, NUL and payload', () => {
    // By another hand: openssl pkeyutl -sign -rawin, with the key made of 32 bytes of 7.
    expect(signer.publicKey).toBe('6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw');
    expect(Buffer.from(signature, 'base64url').toString('hex')).toBe(
      'ea37e1afbef2fbf5c2a7b52706d04ded8e707b607e4f6a4a651ef944295acba3eef417e414937ab899ca92b7e52c1cf3e5729b773ff125be77210fe4fee9810f',
    );
  });
});
