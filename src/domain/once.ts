/** Makes something when it is first asked for, and answers with the same ever after. What throws is tried again; a promise that rejects is kept. */
export function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
