/** Which models there are to ask, and which there are no longer. A retired id would fail on the first incident; it is refused at start. */
export const defaultModel = 'claude-sonnet-5-5'

/** The model that takes the place of a retired one; undefined when the id is not known to be retired. */
export function replacementFor(model: string): string | undefined {
  if (!RETIRED.some((family) => family.test(model))) return undefined
  if (model.includes('opus')) return 'claude-opus-5-5'
  return /haiku|instant/.test(model) ? 'claude-haiku-5-5' : defaultModel
}

/** The page "Model deprecations" of the vendor's documentation; the generations 1 to 3, and the first of generation 4. */
const RETIRED = [
  /^claude-(?:v?[12]|instant)(?:[.-]|$)/,
  /^claude-3-/,
  /^claude-(?:opus|sonnet)-4(?:-0|-2025\d{4})?$/,
  /^claude-opus-4-1(?:-2025\d{4})?$/,
]
