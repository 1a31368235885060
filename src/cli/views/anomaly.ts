/**
 * What an error is called on a screen. Its own title is made of words that nobody could have put there - what the catalogue does not know is reduced to a
 * template, without its figures, names and signs. A person reads the line itself instead, which the screen has made harmless.
 */
import type { Anomaly } from '../client/shapes.ts'

export function titleOf({ title, faultId, service, excerpt }: Pick<Anomaly, 'title' | 'faultId' | 'service' | 'excerpt'>): string {
  const line = excerpt.split('\n', 1).join().trim()
  return faultId !== null || line === '' ? title : `Unknown ${service} error: ${line}`
}
