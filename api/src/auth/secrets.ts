import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 random bits, in characters that fit a cookie, a header and a URL's fragment. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a secret. Fast on purpose: our secrets are random, so there is nothing to guess offline. */
export function digest(secret: string, key?: Buffer): Buffer {
  return key === undefined ? hash('sha256', secret, 'buffer') : createHmac('sha256', key).update(secret).digest()
}

/** Compares in constant time; both are digests, so their lengths never differ. */
export function sameDigest(a: Buffer, b: Buffer): boolean {
  return timingSafeEqual(a, b)
}
