/** Identity: fresh ids sort in the order in which this process gave them; derived ids are a function of the namespace and the parts. */
import { v5, v7 } from 'uuid'
import type { Ids } from '../../domain/ports/ids.ts'

/** The root of all derived ids. Never change it: every id that was ever derived depends on it. */
const ROOT = '5d0c1b3a-6f0e-5b1c-9a55-7c1f2e5a9d04'

/** `namespace` is STEWARD_NAMESPACE: two installations never derive the same id from the same parts. */
export function createIds({ namespace }: { namespace: string }): Ids {
  const space = v5(namespace, ROOT)
  return {
    // Not `crypto.randomUUIDv7`: within one millisecond its ids do not sort.
    fresh: () => v7(),
    // As JSON, because joining would let ('a', 'b c') and ('a b', 'c') be the same; lone surrogates are escaped, so they stay apart too.
    derived: (...parts) => v5(JSON.stringify(parts), space),
  }
}
